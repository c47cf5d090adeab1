"""What was measured, in a file that is whole after each number: a run that is cut goes on where it was."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch

from shared.core.errors import FlipbookError

Measured = dict[str, Any]
FAILURES: Final = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AssertionError,
    AttributeError,
    OSError,
    ImportError,
    subprocess.TimeoutExpired,
    FlipbookError,
)
"""Ours, and what torch, its compiler and the loaders throw."""


class Unusable(ValueError):
    """A record that cannot be gone on with; the message says why."""


class Record:
    def __init__(self, path: Path | None, budget_s: float, only: str, machine: Measured) -> None:
        """Raises: Unusable: What lies at `path` is no record, or of another machine than this one."""
        self._path = path
        self._ends = time.monotonic() + budget_s
        self._only = only
        self.facts = _read(path, machine) if path and path.exists() else {"machine": machine}
        self.failed: list[str] = []
        """In this call."""

    def lacks(self, key: str) -> bool:
        """What failed in another call is not known."""
        return key not in self.facts or "failed" in self.facts[key]

    def wants(self, key: str) -> bool:
        return key.startswith(self._only) and self.lacks(key) and time.monotonic() < self._ends

    def measure(self, key: str, work: Callable[[], Measured]) -> None:
        """Unless it is known already, not asked for, or the time is up."""
        if self.wants(key):
            self.attempt(key, work)

    def attempt(self, key: str, work: Callable[[], Measured]) -> None:
        """What breaks is told, and the rest goes on. That a card has no room for something is a fact about the card."""
        _clear()
        started = time.monotonic()
        try:
            found = work()
        except torch.OutOfMemoryError as error:
            found = {"no room": _first_line(error)}
        except FAILURES as error:
            found = {"failed": f"{type(error).__name__}: {_first_line(error)}"}
            self.failed.append(key)
        self.facts[key] = found
        print(f"{key}: {found} ({time.monotonic() - started:.0f} s)", flush=True)
        if self._path:
            beside = self._path.with_name(f".{self._path.name}.part")
            beside.write_text(json.dumps(self.facts, indent=1))
            beside.replace(self._path)


def _read(path: Path, machine: Measured) -> dict[str, Measured]:
    try:
        facts = json.loads(path.read_text())
        there = facts["machine"]["on"]
    except (ValueError, LookupError, TypeError):
        raise Unusable(f"{path} is no record: take it away, or name another") from None
    if there != machine["on"]:
        raise Unusable(f"{path} is of another machine: {there}. Here it is {machine['on']}. Name another record")
    return dict(facts)


def _clear() -> None:
    """What was measured before is to take no room from what comes, a process of its own least of all. Compiled blocks
    refer to themselves.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:160]


def timed(work: Callable[[], Any], device: torch.device, *, rounds: int = 2) -> tuple[Any, Measured]:
    """What it gives; the median of its seconds once it is warm; the first time's; and its peak of memory."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    for _ in range(1 + rounds):
        started = time.perf_counter()
        result = work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - started)
    peak = torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None
    return result, {"seconds": statistics.median(seconds[1:] or seconds), "first": seconds[0], "peak_gb": peak}


def distance(found: torch.Tensor, truth: torch.Tensor) -> float:
    """Relative, in the Euclidean norm."""
    found, truth = found.float().cpu(), truth.float().cpu()
    return float((found - truth).norm() / truth.norm())
