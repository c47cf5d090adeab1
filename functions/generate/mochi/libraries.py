"""Imports torch and what stands on it as a server wants them: fast."""

from __future__ import annotations

import gc
from functools import cache


@cache
def summon() -> None:
    """Import all that the drawing modules need. Seconds the first time, nothing after that."""
    # Imports make a million objects that stay, and each collection looks at all of them: without
    # collecting they take a fifth less time, and frozen the modules never cost a pause again.
    gc.disable()
    try:
        from functions.generate.mochi import drawing, pipeline  # noqa: F401 only their weight is wanted here
    finally:
        gc.freeze()
        gc.enable()
