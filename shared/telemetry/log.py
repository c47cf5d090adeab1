"""Log lines: `LEVEL sentence key=value ...`, one line each.

Only the fields named here are printed, so that a prompt, a key or a URL cannot slip in beside them.
"""

from __future__ import annotations

import logging
import sys
from textwrap import indent
from typing import Final

FIELDS: Final = (
    "job",
    "attempt",
    "state",
    "event",
    "event_type",
    "delivery",
    "endpoint",
    "status",
    "method",
    "route",
    "key_id",
    "by",
    "model",
    "step",
    "count",
    "seconds",
    "code",
    "error",
)


class LineFormatter(logging.Formatter):
    """Writes the fields of FIELDS that a record carries, and the traceback, indented, on the lines behind it.

    Nothing that a caller sent can begin a line, or move a terminal's cursor.
    """

    def format(self, record: logging.LogRecord) -> str:
        values = ((name, getattr(record, name, None)) for name in FIELDS)
        parts = [record.levelname, record.getMessage(), *(f"{name}={v}" for name, v in values if v is not None)]
        line = _printable(" ".join(parts))
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            line += "\n" + indent("\n".join(_printable(text) for text in trace), "    ")
        return line


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def set_up(level: str) -> None:
    """Send our log to stderr, where Knative and the one-machine runtime collect it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")
    for ours in ("functions", "shared"):
        logging.getLogger(ours).setLevel(level)
