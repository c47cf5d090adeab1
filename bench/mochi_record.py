"""What was measured, in a file that is whole after each number: a run that is cut goes on where it was."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch

Measured = dict[str, Any]
FAILURES: Final = (RuntimeError, ValueError, OSError, ImportError, NotImplementedError, AttributeError)


class Record:
    def __init__(self, path: Path | None, budget_s: float, only: str) -> None:
        self._path = path
        self._ends = time.monotonic() + budget_s
        self._only = only
        self.facts: dict[str, Measured] = json.loads(path.read_text()) if path and path.exists() else {}

    def wants(self, key: str) -> bool:
        return key.startswith(self._only) and key not in self.facts and time.monotonic() < self._ends

    def measure(self, key: str, work: Callable[[], Measured]) -> None:
        """Unless it is known already, not asked for, or the time is up. What breaks is told, and the rest goes on."""
        if not self.wants(key):
            return
        started = time.monotonic()
        try:
            found = work()
        except FAILURES as error:
            found = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0][:160] if str(error) else ''}"}
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        self.facts[key] = found
        print(f"{key}: {found} ({time.monotonic() - started:.0f} s)", flush=True)
        if self._path:
            self._path.write_text(json.dumps(self.facts, indent=1))


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
