"""What schemathesis cannot know: our own kinds of text, and ids of things that are really there."""

from __future__ import annotations

import os
from itertools import count
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st

URL, KEY = os.environ["FLIPBOOK_URL"], os.environ["FLIPBOOK_KEY"]
LONGEST_LINE = 7500
"""gunicorn itself answers 414 where the first line of a request is longer than 8,190 bytes."""
_calls = count()
_visible = st.text(st.characters(categories=("L", "N", "P", "S"), codec="utf-8"), min_size=1, max_size=60)

schemathesis.openapi.format("visible-text", _visible)
schemathesis.openapi.format("printable", _visible)
schemathesis.openapi.format("video-size", st.sampled_from(["64x64", "96x64", "320x320"]))
schemathesis.openapi.format("aspect-ratio", st.sampled_from(["16:9", "1:1", "9:16"]))
schemathesis.openapi.format("model", st.sampled_from(["mochi-1-tiny", "sora-2"]))
schemathesis.openapi.format("preset", st.sampled_from(["exact", "turbo"]))
schemathesis.openapi.format("uri", st.just("http://127.0.0.1:9/hook"))  # nothing is looked up, and nobody is there
schemathesis.openapi.format("webhook-secret", st.just("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
schemathesis.openapi.format("cursor", st.integers(0, 2**50).map("{}.video_x".format))


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Not what never comes to us, nor headers that nobody described: HTTP lets everybody send those.

    Nor what is wrong in no more than a `format` of ours: that is a hint, and much beside our samples fits it.
    """
    if "iolates `format` at" in (getattr(case.meta.phase.data, "description", None) or ""):
        return False
    if "x-schemathesis-unknown-property" in (case.headers or {}):
        return False
    return not case.query or line_length(case) < LONGEST_LINE


def line_length(case: Any) -> int:
    """As it is sent: nested values are written out, and most bytes of theirs as three."""
    asked = requests.Request("GET", URL, params=case.as_transport_kwargs(base_url=URL)["params"])
    return len(asked.prepare().url or "")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Every second request is about something that is there; none asks to be held, or holds the queue for ever."""
    if case.query:
        case.query.pop("wait", None)
    if case.headers:
        case.headers.pop("Prefer", None)
    path = case.path_parameters or {}
    if next(_calls) % 2:
        if "id" in path and case.method != "PUT":
            path["id"] = made("/v1/videos", {"prompt": "a red cat"})["id"]
        if "key" in path:
            path["key"] = made("/admin/keys", {"tenant": "acme", "scopes": ["videos:read"]})["id"]
        if "endpoint" in path:
            path["endpoint"] = endpoint()


def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {KEY}"}
    answer: dict[str, Any] = requests.post(URL + path, json=body, headers=headers, timeout=10).json()
    return answer


def endpoint() -> str:
    """One that is there. A tenant may have a few only."""
    headers = {"Authorization": f"Bearer {KEY}"}
    there = requests.get(f"{URL}/v1/webhook_endpoints", headers=headers, timeout=10).json()["data"]
    wish = {"url": "http://127.0.0.1:9/hook", "event_types": []}
    return str((there[0] if there else made("/v1/webhook_endpoints", wish))["id"])
