"""Part of a longer list, in OpenAI's cursor form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def page(
    data: Sequence[dict[str, Any]], *, has_more: bool, first_id: str | None = None, last_id: str | None = None
) -> dict[str, Any]:
    """The next page is asked for with `after=<last_id>`, in some lists the one before it with `before=<first_id>`.

    These are by default the ids of the first and the last of `data`. Where things were passed over, they are of those.
    """
    return {
        "object": "list",
        "data": list(data),
        "first_id": first_id or (data[0]["id"] if data else None),
        "last_id": last_id or (data[-1]["id"] if data else None),
        "has_more": has_more,
    }
