"""Asks the disk for the weights before Python is ready for them: imports take seconds in which it would be idle.

The standard library alone, so that it can begin before the imports do.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

log = logging.getLogger(__name__)

PIECE: Final = 32 * 2**20
"""Bytes asked for in one call, which runs without the interpreter's lock."""
THREADS: Final = 4
"""A disk far away answers many faster than one."""
SPARE: Final = 4 * 2**30
"""Bytes of memory that are left to the process itself."""
_MEMORY: Final = Path("/proc/meminfo")
_GROUP: Final = Path("/sys/fs/cgroup")


class Prefetch:
    """Files on their way into the page cache, the first ones first.

    A wish and no duty: what cannot be read ahead is read when it is loaded, and whoever loads a file
    that is still coming waits for its pages alone.
    """

    def __init__(self, files: Iterable[Path], room: int | None = None) -> None:
        """`room` is in bytes, by default what memory has to spare: more would push out what came first."""
        self._pieces: SimpleQueue[tuple[Path, int, int]] = SimpleQueue()
        for piece in _pieces(files, spare() if room is None else room):
            self._pieces.put(piece)
        self._over = threading.Event()
        # Daemons: a process that ends waits for no disk.
        self._threads = [threading.Thread(target=self._read, name="prefetch", daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more of it: whoever loads the files now asks the disk himself, and threads would be in his way."""
        self._over.set()

    def join(self, seconds: float) -> bool:
        """Wait for all of it, so long at most; whether it is over."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _read(self) -> None:
        try:
            with Path(os.devnull).open("wb", buffering=0) as nowhere:
                while not self._over.is_set():
                    _pull(nowhere.fileno(), *self._pieces.get_nowait())
        except Empty:
            return
        except OSError as reason:
            log.info("the weights are not read ahead: %s", reason)


def _pieces(files: Iterable[Path], room: int) -> Iterator[tuple[Path, int, int]]:
    """Which bytes, from where to where, as far as there is room."""
    for path in files:
        try:
            size = min(path.stat().st_size, room)
        except OSError:
            continue  # who loads it says what is wrong
        room -= size
        yield from ((path, start, min(start + PIECE, size)) for start in range(0, size, PIECE))


def _pull(nowhere: int, path: Path, start: int, end: int) -> None:
    """Let the kernel hand the pages to nobody: they come into its cache, and are copied nowhere.

    posix_fadvise(WILLNEED) would do for a few MB only: Linux cuts each call to one readahead.
    """
    with path.open("rb", buffering=0) as file:
        while start < end and (sent := os.sendfile(nowhere, file.fileno(), start, end - start)):
            start += sent


def spare(memory: Path = _MEMORY, group: Path = _GROUP) -> int:
    """Bytes that pages may take without pushing anything out: of the machine, or of our group (cgroup v2), less SPARE.

    0 where neither can be told.
    """
    left = [each for each in (_machine(memory), _limit(group)) if each is not None]
    return max(min(left, default=0) - SPARE, 0)


def _machine(memory: Path) -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in memory.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, LookupError, ValueError):
        return None


def _limit(group: Path) -> int | None:
    """What the group's limit leaves; pages of files that nobody uses make room."""
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return limit - used + int(stat["inactive_file"])
    except (OSError, LookupError, ValueError):  # `max` is no number: there is no limit
        return None
