"""Ends what a runtime leaves behind when it is killed and cannot do it itself.

Every process of a run carries the run's mark in its environment, and so do all that these start. The runtime starts
one reaper and holds the only other end of its input: when the runtime dies, however it dies, that pipe closes and the
reaper ends all that carry the mark. The next start sweeps once more, in case the reaper was killed too. Nothing else
can carry the mark, so nothing foreign is hit. Needs /proc (Linux); elsewhere nothing is swept.

Run as a script, without the package, so that it starts in milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "FLIPBOOK_RUN"


def marked(mark: str) -> Iterator[int]:
    """The processes, this one aside, that were started with `mark` in their environment."""
    entry = f"{VARIABLE}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if entry in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                yield int(folder.name)
        except OSError:
            continue  # gone, or somebody else's


def sweep(mark: str, *, patience: float = 5.0) -> bool:
    """Kill all that carry `mark`; whether none was left in the end."""
    deadline = time.monotonic() + patience
    while found := list(marked(mark)):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


if __name__ == "__main__":
    sys.stdin.buffer.read()
    sweep(sys.argv[1])
