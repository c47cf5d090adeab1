"""Weights out of safetensors files straight to where they are used: many reads at once, and no copy of the whole.

safetensors maps a file and touches it page by page, one tensor at a time. Here threads read pieces
in the order in which they are wanted: on a CPU right into place, on a GPU into a small ring of
pinned buffers, each of which is copied from and filled again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import torch

THREADS: Final = 8
PIECE: Final = 16 * 2**20
"""Bytes of one read."""
BUFFERS: Final = 2 * THREADS
"""Pinned ones: while the GPU fetches from one, its thread fills another. They take 256 MiB."""
ALIGNMENT: Final = 256
"""Of each tensor's first byte, as torch's own allocations have it: fast kernels ask for it."""
LONGEST_HEADER: Final = 100_000_000
"""Bytes; safetensors' own bound."""
TYPES: Final = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "I64": torch.int64,
    "I32": torch.int32,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class Unreadable(ValueError):
    """The file is not what safetensors writes, or not all of it is there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies in its file, in bytes from the file's start."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    end: int


def entries(path: Path) -> list[Entry]:
    """What a safetensors file holds, in the order of its bytes.

    Raises: Unreadable.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(LONGEST_HEADER, size):
                raise Unreadable(f"{path.name} claims a header of {length} bytes")
            told = json.loads(file.read(length))
        told.pop("__metadata__", None)
        found = [_entry(name, about, 8 + length) for name, about in told.items()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(f"{path.name} has no sound header") from None
    found.sort(key=lambda entry: entry.start)
    if size != max((entry.end for entry in found), default=8 + length):
        raise Unreadable(f"{path.name} has {size} bytes, and its header counts others: it is cut, or still being made")
    return found


def _entry(name: str, about: dict[str, Any], base: int) -> Entry:
    dtype, shape, (start, end) = TYPES[about["dtype"]], tuple(map(int, about["shape"])), map(int, about["data_offsets"])
    if not 0 <= start <= end or end - start != prod(shape) * dtype.itemsize:
        raise Unreadable(f"{name} has {end - start} bytes, and its shape {shape} of {about['dtype']} wants others")
    return Entry(name, dtype, shape, base + start, base + end)


def read(
    paths: list[Path], device: torch.device, *, wanted: Callable[[str], bool] = lambda _: True
) -> dict[str, torch.Tensor]:
    """The wanted tensors of all files, on `device`: parts of one piece of memory, which no other tensor shares.

    Raises: Unreadable, OSError, torch.OutOfMemoryError.
    """
    found = [(path, entry) for path in paths for entry in entries(path) if wanted(entry.name)]
    places, total = [], 0
    for _, entry in found:
        places.append(total)
        total += -(-(entry.end - entry.start) // ALIGNMENT) * ALIGNMENT
    # One piece of memory for all: thousands of small ones take the allocator longer than reading does.
    memory = torch.empty(total, dtype=torch.uint8, device=device)
    ring = Ring(device) if device.type == "cuda" else Straight()
    jobs = [
        (path, entry.start + piece, memory[place + piece : place + min(piece + PIECE, entry.end - entry.start)])
        for (path, entry), place in zip(found, places, strict=True)
        for piece in range(0, entry.end - entry.start, PIECE)
    ]
    pool = ThreadPoolExecutor(THREADS)
    try:
        for done in [pool.submit(ring.fill, *job) for job in jobs]:
            done.result()
    finally:
        # After one bad piece nobody waits for the others, nor lets the memory go while one is still on its way there.
        pool.shutdown(cancel_futures=True)
        ring.settle()
    return {
        entry.name: memory[place : place + entry.end - entry.start].view(entry.dtype).view(entry.shape)
        for (_, entry), place in zip(found, places, strict=True)
    }


class Straight:
    """Into memory of the CPU."""

    def fill(self, path: Path, offset: int, target: torch.Tensor) -> None:
        pour(path, offset, bytes_of(target))

    def settle(self) -> None:
        """Nothing is under way."""


class Ring:
    """Into memory of a GPU, through pinned buffers: only from such the GPU fetches by itself."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._slots: SimpleQueue[Slot] = SimpleQueue()
        # What the memory was before may still be in use.
        torch.cuda.current_stream(device).synchronize()
        for _ in range(BUFFERS):
            self._slots.put(Slot(device))

    def fill(self, path: Path, offset: int, target: torch.Tensor) -> None:
        slot = self._slots.get()
        try:
            slot.send(path, offset, target)
        finally:
            self._slots.put(slot)

    def settle(self) -> None:
        """Wait until all of it has arrived."""
        torch.cuda.synchronize(self._device)


class Slot:
    def __init__(self, device: torch.device) -> None:
        self._buffer = torch.empty(PIECE, dtype=torch.uint8, pin_memory=True)
        self._stream: Any = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def send(self, path: Path, offset: int, target: torch.Tensor) -> None:
        # The copy before this one must be over: its source is filled again now.
        self._stream.synchronize()
        piece = self._buffer[: len(target)]
        pour(path, offset, bytes_of(piece))
        with torch.cuda.stream(self._stream):
            target.copy_(piece, non_blocking=True)


def pour(path: Path, offset: int, target: memoryview) -> None:
    """Fill `target` from the file. The interpreter's lock is free meanwhile.

    Raises: Unreadable: The file ends before.
    """
    file = os.open(path, os.O_RDONLY)
    try:
        while target:
            count = os.preadv(file, [target], offset)
            if not count:
                raise Unreadable(f"{path.name} ends at {offset} bytes, and more were there a moment ago")
            target, offset = target[count:], offset + count
    finally:
        os.close(file)


def bytes_of(tensor: torch.Tensor) -> memoryview:
    """Its memory on the CPU, to be written to."""
    numbers: Any = tensor.numpy()
    return memoryview(numbers)
