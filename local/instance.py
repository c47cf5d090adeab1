"""One instance of a Service: a server process on a port of its own, from Pending to its end."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from local.accelerators import Accelerators
from local.activator import Endpoint
from local.objects import Service
from local.process import Process

_PROBE_SECONDS: Final = 0.05
"""Knative's "aggressive" readiness polling."""
_PROBE_TIMEOUT: Final = ClientTimeout(total=1)
_IMPATIENCE: Final = 15.0
"""After this long without readiness the log says why."""


class State(StrEnum):
    PENDING = "Pending"
    STARTING = "Starting"
    READY = "Ready"
    STOPPING = "Stopping"


class Instance:
    """Lives once: `live` runs from Pending to the end, `stop` asks for that end."""

    def __init__(self, service: Service, name: str, *, environ: Mapping[str, str], session: ClientSession) -> None:
        self.service = service
        self.name = name
        self.state = State.PENDING
        self.endpoint: Endpoint | None = None
        self.was_ready = False
        self._environ = environ
        self._session = session
        self._process: Process | None = None
        self._log = logging.getLogger(name)
        self._life: asyncio.Task[int | None] | None = None
        self._grace = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def in_flight(self) -> int:
        return self.endpoint.in_flight if self.endpoint else 0

    @property
    def _stopping(self) -> bool:
        return self.state is State.STOPPING

    async def live(self, accelerators: Accelerators, on_ready: Callable[[Endpoint], None]) -> int | None:
        """Returns the exit status, or None if it was stopped while Pending.

        Raises:
            OSError: Its program cannot be started.
        """
        self._life = asyncio.ensure_future(self._from_pending(accelerators, on_ready))
        try:
            return await self._life
        except asyncio.CancelledError:
            if self._stopping and self._process is None:
                return None
            raise

    def stop(self, grace: float, *, drain: float = 0.0) -> Coroutine[Any, Any, None]:
        """Stopping from now on; what is returned sends SIGTERM, and SIGKILL to the group after `grace` seconds.

        SIGTERM comes `drain` seconds late, and in the middle of whatever is held then: the queue-proxy waits for an end
        of arrivals, not of work (knative.dev/pkg/network/handlers/drain.go), and nobody is sent here any more. The
        grace counts from the deletion all the same.
        """
        if self.state is State.PENDING and self._life:
            self._life.cancel()
        self.state = State.STOPPING
        self._grace = grace
        return self._end(grace, min(drain, grace))

    async def _end(self, grace: float, drain: float) -> None:
        if self._process is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(drain):
                await self._process.wait()
        await self._process.stop(grace - drain)

    async def _from_pending(self, accelerators: Accelerators, on_ready: Callable[[Endpoint], None]) -> int:
        if accelerators.free < self.service.gpus:
            self._log.info("Pending: every accelerator is taken (%d of %d)", accelerators.total, accelerators.total)
        async with accelerators.lend(self.service.gpus) as devices:
            # From here on `stop` no longer cancels: the start of a process must not be broken off half-way.
            self.state = State.STARTING
            url = f"http://127.0.0.1:{(port := _free_port())}"
            process = await Process.start(
                self._command(), environ={**self._environment(port), **devices}, on_line=self._say
            )
            self._process = process
            if self._stopping:
                return await process.stop(self._grace)
            await self._become_ready(process, url, on_ready)
            return await process.wait()

    def _command(self) -> list[str]:
        """The Service's command; its program is the one of this Python's environment, if it is there."""
        program, *arguments = self.service.command
        beside = Path(sys.executable).with_name(program)
        return [str(beside) if beside.exists() else shutil.which(program) or program, *arguments]

    def _environment(self, port: int) -> dict[str, str]:
        name = self.service.name
        return {
            "PYTHONUNBUFFERED": "1",
            **self._environ,
            "PORT": str(port),
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}",
            "K_SERVICE": name,
            "K_CONFIGURATION": name,
            "K_REVISION": f"{name}-00001",
        }

    async def _become_ready(self, process: Process, url: str, on_ready: Callable[[Endpoint], None]) -> None:
        loop = asyncio.get_running_loop()
        impatient_at = loop.time() + _IMPATIENCE
        while not process.ended and self.state is State.STARTING:
            answer = await self._probe(url)
            if answer == "200" and self.state is State.STARTING:
                self.state, self.was_ready, self.endpoint = State.READY, True, Endpoint(url)
                on_ready(self.endpoint)
                return
            if loop.time() > impatient_at:
                self._log.info("is not ready yet: %s %s", self.service.readiness_path, answer)
                impatient_at = loop.time() + 4 * _IMPATIENCE
            await asyncio.sleep(_PROBE_SECONDS)

    async def _probe(self, url: str) -> str:
        try:
            async with self._session.get(url + self.service.readiness_path, timeout=_PROBE_TIMEOUT) as response:
                return str(response.status)
        except (ClientError, ConnectionError, TimeoutError) as error:
            return type(error).__name__

    def _say(self, line: str) -> None:
        if line:
            self._log.info("| %s", line)


def _free_port() -> int:
    """Free now; should another take it before the server does, the instance ends and a new one is started."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
