"""What happens when the device is full."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from shared.core.errors import OutOfMemory


@contextmanager
def room() -> Iterator[None]:
    """Turn "no memory left" into an error that a later or another try may not meet, and leave room for the next job.

    Raises: OutOfMemory.
    """
    try:
        yield
        return
    except torch.OutOfMemoryError as error:
        message = str(error).partition("\n")[0]
        # The frames of the failed call hold its tensors for as long as the error lives.
        traceback.clear_frames(error.__traceback__)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(message)
