"""Lines for the person at the terminal: time, who, what."""

from __future__ import annotations

import logging
import sys

from aiohttp.http import HttpProcessingError
from aiohttp.web import RequestPayloadError

_FORMAT = "%(asctime)s %(name)-10s %(message)s"


class LineFormatter(logging.Formatter):
    """One line for each message: nothing that a caller sent can begin another, or move the terminal's cursor."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return "".join(char if char.isprintable() else " " for char in super().formatMessage(record))


def without_callers_words(record: logging.LogRecord) -> bool:
    """Shorten what the HTTP server says of a broken request: its traceback repeats headers, with keys in them."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | RequestPayloadError):
        record.msg, record.args = "a request was no HTTP that can be read: %s", (type(error).__name__,)
        record.exc_info = None
    return True


def start() -> None:
    """Everything from `info` up goes to stderr; other libraries only when they warn."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(_FORMAT, datefmt="%H:%M:%S"))
    handler.addFilter(without_callers_words)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for library in ("aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
