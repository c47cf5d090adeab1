"""Names for things: a prefix that says what it is, and a ULID that sorts by time."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Final

from ulid import ULID

VIDEO_ID: Final = re.compile("video_[0-9A-HJKMNP-TV-Z]{26}")
"""What `new_job_id` makes: a ULID is written in Crockford's base32."""


def new_job_id(at: datetime) -> str:
    """`video_<ulid>`, ordered by `at`; 80 of its bits are random."""
    return f"video_{ULID.from_datetime(at)}"


def new_attempt_id() -> str:
    """The fence of one attempt: 128 random bits as hex, compared only for equality.

    A counter would not do: after a failover of an asynchronously replicated Redis it may hand
    out the same number twice.
    """
    return secrets.token_hex(16)


def new_endpoint_id(at: datetime) -> str:
    """`we_<ulid>`, ordered by `at`."""
    return f"we_{ULID.from_datetime(at)}"


def new_event_id(at: datetime) -> str:
    """`evt_<ulid>`, of an event that no job caused."""
    return f"evt_{ULID.from_datetime(at)}"


def event_id(job_id: str, version: int) -> str:
    """The id of the event that a job's `version`-th change causes: the same however often it is sent."""
    return f"evt_{job_id.removeprefix('video_')}_{version}"


def delivery_id(job_id: str, version: int, endpoint_id: str | None = None) -> str:
    """The id of the callback that a job's `version`-th change causes, to its own webhook or to an endpoint."""
    own = f"wd_{job_id.removeprefix('video_')}_{version}"
    return own if endpoint_id is None else f"{own}_{endpoint_id.removeprefix('we_')}"
