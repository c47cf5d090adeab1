"""A process that the runtime starts and answers for: an instance's server, or Redis."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Mapping, Sequence

_LINE = 64 * 1024
_LAST_WORDS = 1.0


class Process:
    """Leads a session and group of its own, so that Ctrl-C reaches the runtime alone."""

    def __init__(self, process: asyncio.subprocess.Process, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._output = asyncio.create_task(self._read(on_line))
        self._exit = asyncio.create_task(self._end())

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
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environ,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            pass_fds=keep_open,
        )
        return cls(process, on_line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._exit.done()

    async def wait(self) -> int:
        """The exit status, negative for a signal; by then nothing of its group is left."""
        return await asyncio.shield(self._exit)

    async def stop(self, grace: float) -> int:
        """Ask its leader to end (SIGTERM), and end the whole group after `grace` seconds."""
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                return await self.wait()
        except TimeoutError:
            self._kill_group()
            return await self.wait()

    async def _end(self) -> int:
        status = await self._process.wait()
        # A worker may outlive its killed arbiter, and would go on with a request that is being retried elsewhere.
        self._kill_group()
        # Whoever left the group with our pipe in hand must not keep us waiting for its end.
        await asyncio.wait({self._output}, timeout=_LAST_WORDS)
        self._output.cancel()
        return status

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody left; macOS says it with "not permitted" when only zombies are

    async def _read(self, on_line: Callable[[str], None]) -> None:
        """Lines as they come; one without an end is handed on in pieces, so that memory is bounded."""
        rest = b""
        while chunk := await self._stdout.read(_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= _LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                on_line(line.decode(errors="replace").rstrip())
        if rest:
            on_line(rest.decode(errors="replace"))

    @property
    def _stdout(self) -> asyncio.StreamReader:
        if self._process.stdout is None:
            raise AssertionError("started with a pipe")
        return self._process.stdout
