"""Which instance draws on which accelerator: a CUDA device each, or a place on the CPU where there are none."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

_VISIBLE: Final = "CUDA_VISIBLE_DEVICES"
_QUERY: Final = ("--query-gpu=index", "--format=csv,noheader")


def installed(environ: Mapping[str, str]) -> Sequence[str]:
    """The indices of this machine's CUDA devices; none where PATH has no nvidia-smi, or it fails."""
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if program is None:
        return ()
    try:
        found = subprocess.run([program, *_QUERY], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(found.stdout.split())


def devices(found: Sequence[str], environ: Mapping[str, str]) -> Sequence[str]:
    """The devices that may be used: the caller's CUDA_VISIBLE_DEVICES where it is set, else all that were found."""
    if not found or _VISIBLE not in environ:
        return found
    return tuple(name.strip() for name in environ[_VISIBLE].split(",") if name.strip() not in {"", "-1"})


class Accelerators:
    """All there are; each is lent to one instance at a time, first come, first served."""

    def __init__(self, devices: Sequence[str], cpu_places: int) -> None:
        self.devices = tuple(devices)
        self.total = len(devices) or cpu_places
        places: Sequence[str | None] = self.devices or (None,) * cpu_places
        self._free = deque(places)
        self._changed = asyncio.Condition()

    @property
    def free(self) -> int:
        return len(self._free)

    @property
    def sentence(self) -> str:
        if self.devices:
            return f"{self.total} GPU(s): one for each generate instance"
        return f"no GPU: {self.total} place(s) on the CPU stand in (ACCELERATORS={self.total})"

    @asynccontextmanager
    async def lend(self, count: int) -> AsyncIterator[Mapping[str, str]]:
        """The environment that holds an instance to `count` accelerators; waits until so many are free."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._free) >= count)
            lent = [self._free.popleft() for _ in range(count)]
        try:
            names = [name for name in lent if name is not None]
            yield {_VISIBLE: ",".join(names)} if names else {}
        finally:
            self._free.extendleft(reversed(lent))
            async with self._changed:
                self._changed.notify_all()
