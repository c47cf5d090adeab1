"""Lines for the person at the terminal: time, who, what."""

from __future__ import annotations

import logging
import sys

_FORMAT = "%(asctime)s %(name)-10s %(message)s"


def start() -> None:
    """Everything from `info` up goes to stderr; other libraries only when they warn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT, datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for library in ("aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
