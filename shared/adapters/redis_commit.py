"""Reading and writing several keys at one instant: every store of this family is built on these two calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.adapters.redis_codec import moment
from shared.adapters.redis_connection import RedisConnection, Script

Command = tuple[str, ...]
"""A command's name, its only key, and further arguments."""

_LOOK: Final = Script("redis_look.lua")
_COMMIT: Final = Script("redis_commit.lua")


@dataclass(frozen=True, slots=True)
class View:
    """What was read: each command's reply, and the server's time then."""

    at: datetime
    replies: Sequence[Any]


def look(redis: RedisConnection, *commands: Command, key: str = "{flipbook}") -> View:
    """Run reading commands at one instant. `key` says where to look when there are none."""
    keys, calls = _calls((), commands)
    (seconds, micros), *replies = redis.run(_LOOK, keys or [key], [calls])
    return View(moment(int(seconds) * 10**6 + int(micros)), replies)


def create(redis: RedisConnection, new: Sequence[str], commands: Sequence[Command]) -> bool:
    """Run writing commands if none of the keys `new` exists; whether they ran.

    False is said too when a try whose answer was lost wrote them: look again.
    """
    keys, calls = _calls(new, commands)
    written, *_ = redis.run(_COMMIT, keys, ["absent", str(len(new)), calls])
    return bool(written)


def commit(
    redis: RedisConnection, key: str, before: str | None, after: str | None, commands: Sequence[Command]
) -> str | None:
    """Run writing commands if `key` holds `before`; None is held by none.

    Returns:
        What `key` holds now: `after`, which the commands must lead to, or what stood in the way.
        `after` is returned too when it was written by a try whose answer was lost.
    """
    keys, calls = _calls((key,), commands)
    written, *stored = redis.run(_COMMIT, keys, ["is", before or "", calls])
    return after if written else stored[0]


def write(redis: RedisConnection, *commands: Command) -> None:
    """Run writing commands without a condition. They may run twice."""
    keys, calls = _calls((), commands)
    redis.run(_COMMIT, keys, ["any", "", calls])


def _calls(first: Sequence[str], commands: Sequence[Command]) -> tuple[list[str], str]:
    """Each command with its key's place in a list of keys, which begins with `first`."""
    places = {key: place for place, key in enumerate(dict.fromkeys((*first, *(c[1] for c in commands))), 1)}
    return list(places), json.dumps([[name, places[key], *rest] for name, key, *rest in commands], ensure_ascii=False)
