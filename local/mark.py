"""The mark of a run, by which its processes are known, and the reaper that ends them when the runtime cannot."""

from __future__ import annotations

import asyncio
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

from local import reaper
from local.errors import CannotStart

_PATIENCE: Final = 10.0


class Mark:
    """One per run; written down in `folder`, for the next start to sweep by."""

    def __init__(self, folder: Path) -> None:
        """Ends first what an earlier run left.

        Raises:
            CannotStart: Something of it does not end.
        """
        path = folder / "mark"
        old = path.read_text().strip() if path.exists() else ""
        if old and not reaper.sweep(old):
            raise CannotStart(f"Processes {list(reaper.marked(old))} of an earlier run do not end. End them first.")
        self._text = secrets.token_hex(16)
        path.write_text(self._text)
        self._reaper: asyncio.subprocess.Process | None = None

    @property
    def environ(self) -> dict[str, str]:
        """Goes to every process of the run."""
        return {reaper.VARIABLE: self._text}

    async def watch(self) -> None:
        """Start the reaper. It sees our end by the end of its input."""
        command = (sys.executable, "-I", "-S", str(Path(reaper.__file__)), self._text)
        self._reaper = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )

    async def close(self) -> None:
        """Let the reaper look whether all are gone, and end."""
        if self._reaper is None or self._reaper.stdin is None:
            return
        self._reaper.stdin.close()
        async with asyncio.timeout(_PATIENCE):
            await self._reaper.wait()
