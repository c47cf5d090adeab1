"""diffusers and transformers, for what only they can do, and as a server wants them: silent and deaf to the network."""

from __future__ import annotations

from functools import cache


@cache
def hush() -> None:
    """Before their first use: the tiny model's making, and from_pretrained.

    No progress bars: in a log they are control characters. And what HF_HUB_OFFLINE=1 would do, without the
    environment: the hub's client and its users read these names.
    """
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = True
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
