"""Imports torch, diffusers and transformers as a server wants them: fast, silent and deaf to the network."""

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
        _stay_local()
        from functions.generate.mochi import drawing, pipeline, tiny  # noqa: F401 only their weight is wanted here

        _be_silent()
    finally:
        gc.freeze()
        gc.enable()


def _stay_local() -> None:
    """What HF_HUB_OFFLINE=1 would do, without the environment: the hub's client and its users read these names."""
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = True
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True


def _be_silent() -> None:
    """No progress bars: in a log they are control characters."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
