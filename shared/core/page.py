"""Part of a longer list, in OpenAI's cursor form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def page(data: Sequence[dict[str, Any]], *, has_more: bool, last_id: str | None = None) -> dict[str, Any]:
    """The next page is asked for with `after=<last_id>`.

    `last_id`, by default that of the last of `data`, may be behind it, where things were passed over.
    """
    return {
        "object": "list",
        "data": list(data),
        "first_id": data[0]["id"] if data else None,
        "last_id": last_id or (data[-1]["id"] if data else None),
        "has_more": has_more,
    }
