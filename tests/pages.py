"""Lists that come in pages, walked to their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def walked(page: Callable[[str | None], tuple[Sequence[T], bool]], of: Callable[[T], str], pages: int) -> list[T]:
    """All that is in so many pages: `page` gives what is behind an id, and whether there is more."""
    found: list[T] = []
    for left in reversed(range(pages)):
        part, more = page(of(found[-1]) if found else None)
        assert (left > 0, bool(part)) == (more, True)
        found += part
    return found


def listed(ask: Callable[[str], Any], pages: int) -> list[dict[str, Any]]:
    """The same of a route: `ask` gives its answer, told what to add to the query."""
    last: list[str] = []

    def page(after: str | None) -> tuple[Sequence[dict[str, Any]], bool]:
        answer = ask(f"&after={last[0]}" if after else "").json
        assert "list" == answer["object"]
        ends = [answer["data"][n]["id"] for n in (0, -1)] if answer["data"] else [None, None]
        assert ends == [answer["first_id"], answer["last_id"]]
        last[:] = [answer["last_id"]]
        return answer["data"], answer["has_more"]

    return walked(page, lambda each: each["id"], pages)
