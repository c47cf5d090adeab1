"""A process that the runtime starts and answers for: an instance's server, or Redis."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

_LINE: Final = 64 * 1024
_LAST_WORDS: Final = 1.0
"""Whoever left the group with our pipe in hand keeps us waiting no longer."""


class _Watch(asyncio.SubprocessProtocol):
    """Hears the output as lines, and the exit.

    Not asyncio's Process: its `wait` returns when the output is closed, and a worker that outlives its killed arbiter
    keeps it open.
    """

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self.exited = asyncio.Event()
        self.silent = asyncio.Event()
        self._on_line = on_line
        self._rest = b""

    def pipe_data_received(self, _fd: int, data: bytes) -> None:
        """A line without an end is handed on in pieces, so that memory is bounded."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) >= _LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._on_line(line.decode(errors="replace").rstrip())

    def pipe_connection_lost(self, _fd: int, _error: Exception | None) -> None:
        if self._rest:
            self._on_line(self._rest.decode(errors="replace"))
        self._rest = b""
        self.silent.set()

    def process_exited(self) -> None:
        self.exited.set()


class Process:
    """Leads a session and group of its own, so that Ctrl-C reaches the runtime alone."""

    def __init__(self, transport: asyncio.SubprocessTransport, watch: _Watch) -> None:
        self.pid = transport.get_pid()
        self._transport = transport
        self._watch = watch
        self._end = asyncio.create_task(self._outlive())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        on_line: Callable[[str], None],
        keep_open: Sequence[int] = (),
    ) -> Process:
        """Raises: OSError: The program cannot be started."""
        transport, watch = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Watch(on_line),
            *command,
            env=environ,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            pass_fds=keep_open,
        )
        return cls(transport, watch)

    @property
    def ended(self) -> bool:
        return self._watch.exited.is_set()

    async def wait(self) -> int:
        """The exit status, negative for a signal; by then its whole group has been killed."""
        return await asyncio.shield(self._end)

    async def stop(self, grace: float) -> int:
        """Ask its leader to end (SIGTERM), and kill the whole group after `grace` seconds."""
        if not self.ended:
            self._transport.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                return await self.wait()
        except TimeoutError:
            self._kill_group()
            return await self.wait()

    async def _outlive(self) -> int:
        await self._watch.exited.wait()
        # A worker may outlive its killed arbiter, and would go on with a request that is being retried elsewhere.
        self._kill_group()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._watch.silent.wait()
        status = self._transport.get_returncode()
        self._transport.close()
        return -1 if status is None else status

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody left; macOS says it with "not permitted" when only zombies are
