"""Where an attempt keeps its files while it encodes. What a killed process left there is swept at the next start."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.core.errors import NoSpace

_PREFIX: Final = "flipbook-drawing-"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def workfolder() -> Iterator[Path]:
    """A folder that goes with its `with` block, and is known as this process's if that never ends.

    Raises: NoSpace: There is no room for it, or for what the block wrote.
    """
    place = tempfile.gettempdir()
    try:
        with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as place:
            yield Path(place)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NoSpace(f"the disk is full at {error.filename or place}: {error.strerror}") from error


def sweep(place: Path | None = None) -> None:
    """Remove the folders of processes that are gone. Our own number is another's too: we have only begun.

    In a pod /tmp outlives its container, and a process that is killed there again and again would fill it.
    """
    for folder in (place or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and (int(owner) == os.getpid() or not _alive(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
