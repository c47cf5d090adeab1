"""What happens when the device is full."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from shared.core.errors import OutOfMemory

FULL: Final = ("out of memory", "ALLOC_FAILED", "can't allocate memory")
"""What torch says of it where it has no error of its own for it: the driver, cuBLAS and cuDNN, and a CPU."""


@contextmanager
def room() -> Iterator[None]:
    """Turn "no memory left" into an error that a later or another try may not meet, and leave room for the next job.

    Raises: OutOfMemory.
    """
    try:
        yield
        return
    except (RuntimeError, MemoryError) as error:
        if not _is_full(error):
            raise
        message = str(error).partition("\n")[0]
        # The frames of the failed call hold its tensors for as long as the error lives.
        traceback.clear_frames(error.__traceback__)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(message)


def _is_full(error: Exception) -> bool:
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in str(error) for words in FULL)
