"""Reading and writing several keys at one instant: every store of this family is built on these two calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from shared.adapters.redis_connection import RedisConnection, Script
from shared.core.moment import moment

Command = tuple[str, str, *tuple[str | int, ...]]
"""A command's name, its only key, and further arguments. When written, a number stands for the reply of the command
so many places before."""
Condition = tuple[str, str] | tuple[str, str, str | int] | tuple[str, str, str, str]
"""What must hold of a key: ("is", key, value) or ("absent", key); of a ZSET: ("member", key, member),
("below" or "reaches", key, number of members) or ("first", key, member, its score as it was read)."""

_LOOK: Final = Script("redis_look.lua")
_COMMIT: Final = Script("redis_commit.lua")


@dataclass(frozen=True, slots=True)
class View:
    """What was read: each command's reply, and the server's time then."""

    at: datetime
    replies: Sequence[Any]


def look(redis: RedisConnection, *commands: Command, key: str = "{flipbook}") -> View:
    """Run reading commands at one instant. `key` says where to look when there are none."""
    keys, _, calls = _calls((), commands)
    (seconds, micros), *replies = redis.run(_LOOK, keys or [key], [calls])
    at = moment(int(seconds) * 10**6 + int(micros))
    redis.clock.heard(at)
    return View(at, replies)


def create(redis: RedisConnection, conditions: Sequence[Condition], commands: Sequence[Command]) -> bool:
    """Run writing commands if the conditions hold; whether they ran.

    False is said too when a try whose answer was lost wrote them: look again.
    """
    keys, *calls = _calls(conditions, commands)
    written, *_ = redis.run(_COMMIT, keys, calls)
    return bool(written)


def commit(
    redis: RedisConnection,
    key: str,
    before: str | None,
    after: str | None,
    commands: Sequence[Command],
    *conditions: Condition,
) -> str | None:
    """Run writing commands if `key` holds `before` and the further conditions hold; None is held by none.

    Returns:
        What `key` holds now: `after`, which the commands must lead to, or what stood in the way
        (`before`: a further condition).
        `after` is returned too when it was written by a try whose answer was lost.
    """
    keys, *calls = _calls([("is", key, before or ""), *conditions], commands)
    written, *stored = redis.run(_COMMIT, keys, calls)
    return after if written else stored[0]


def write(redis: RedisConnection, *commands: Command) -> None:
    """Run writing commands without a condition. They may run twice."""
    keys, *calls = _calls((), commands)
    redis.run(_COMMIT, keys, calls)


def _calls(conditions: Sequence[Condition], commands: Sequence[Command]) -> tuple[list[str], str, str]:
    """Every key, those of the conditions first, and both lists in JSON with their keys' places."""
    calls: list[Sequence[Any]] = [*conditions, *commands]
    places = {key: place for place, key in enumerate(dict.fromkeys(call[1] for call in calls), 1)}
    placed = [[name, places[key], *rest] for name, key, *rest in calls]
    split = len(conditions)
    return list(places), _json(placed[:split]), _json(placed[split:])


def _json(value: object) -> str:
    return to_json(value).decode()
