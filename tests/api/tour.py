"""A walk over every route, step by step: what docs/api.md shows is what the platform answered on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.core.operation import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request. `{name}` in its path is the id that the step which keeps `name` was answered with."""

    method: str
    path: str
    query: str = ""
    body: Any = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps: str = ""
    shows: tuple[str, ...] = ()
    """The fields of the answer that are printed; none named: all."""
    before: str = ""
    """What happens first: `draw`, all that is queued is drawn."""
    says: str = ""


_VIDEO: Final = ("id", "object", "model", "status", "progress", "prompt", "state", "seed", "queue_position")
_PAGE: Final = ("object", "first_id", "last_id", "has_more")
_PROBLEM: Final = ("status", "detail", "error")
_EVENT: Final = {
    "specversion": "1.0",
    "id": "order-12",
    "source": "/shop",
    "type": "dev.flipbook.video.requested.v1",
    "data": {"prompt": "A paper boat on a lake"},
}
_LETTERS: Final = "/admin/dead-letters"
_ENDPOINTS: Final = "/v1/webhook_endpoints"

STEPS: Final = (
    Step(
        method="POST",
        path="/v1/videos",
        body={"prompt": "A paper boat on a lake", "seed": 7},
        headers={"Idempotency-Key": "order-7"},
        keeps="video",
        shows=_VIDEO,
    ),
    Step(
        method="POST",
        path="/v1/videos",
        body={"prompt": "A paper boat on a lake", "seed": 7},
        headers={"Idempotency-Key": "order-7"},
        shows=("id", "status"),
        says="The same request again, because its answer was lost:",
    ),
    Step(
        method="POST",
        path="/v1/videos",
        body={"prompt": "", "num_frames": 14},
        shows=("status", "errors", "error"),
        says="A wrong one is told all that is wrong:",
    ),
    Step(method="GET", path="/v1/videos/{id}", before="draw", says="When it is drawn:"),
    Step(
        method="GET",
        path="/v1/videos/{id}/content",
        query="?variant=video",
        headers={"Range": "bytes=0-99"},
        says="A part of the file. Where files lie in S3 the answer is 302 to a link, unless `redirect=false`:",
    ),
    Step(method="GET", path="/v1/videos/{id}/events"),
    Step(method="GET", path="/v1/videos/{id}/preview"),
    Step(method="GET", path="/v1/videos", query="?limit=1&order=desc&status=completed", shows=_PAGE),
    Step(
        method="PUT",
        path="/v1/videos/{mine}",
        body={"prompt": "A paper boat in the rain"},
        keeps="other",
        shows=("id", "status"),
    ),
    Step(
        method="POST",
        path="/v1/videos/{id}/remix",
        body={"prompt": "A paper boat on a river"},
        shows=("id", "status", "prompt", "seed", "remixed_from_video_id"),
    ),
    Step(method="POST", path="/v1/videos/{other}/cancel", shows=("id", "status", "error", "state")),
    Step(
        method="PUT",
        path="/v1/videos/{other}/cancel",
        shows=_PROBLEM,
        says="As with POST; and a video that is over cannot be cancelled:",
    ),
    Step(
        method="POST",
        path="/v1/videos/{other}/retry",
        shows=("id", "status", "prompt", "retried_from_video_id"),
    ),
    Step(method="DELETE", path="/v1/videos/{other}"),
    Step(method="POST", path="/v1/videos/estimate", body={"prompt": "A paper boat on a lake", "seconds": 5}),
    Step(
        method="POST",
        path="/v1/videos/batch",
        body={"requests": [{"prompt": "A paper boat at noon", "seed": 7}, {"prompt": ""}]},
        headers={"Idempotency-Key": "order-8"},
        shows=("object", "data"),
    ),
    Step(method="POST", path="/v1/videos/edits", body={"prompt": "Make it blue"}, shows=_PROBLEM),
    Step(method="POST", path="/v1/videos/extensions", body={"prompt": "Go on"}, shows=_PROBLEM),
    Step(method="POST", path="/v1/videos/characters", body={"name": "Ada"}, shows=_PROBLEM),
    Step(method="GET", path="/v1/videos/characters/{character}", shows=_PROBLEM),
    Step(method="GET", path="/v1/models"),
    Step(method="GET", path="/v1/models/{model}", says="`MODEL_ALIASES` gave it another name here:"),
    Step(method="GET", path="/v1/queue"),
    Step(method="POST", path="/v1/events", body=_EVENT, media="application/cloudevents+json"),
    Step(
        method="POST",
        path="/",
        body=_EVENT,
        media="application/cloudevents+json",
        says="The same event again, at the address that Triggers use. It draws nothing more:",
    ),
    Step(method="OPTIONS", path="/v1/events", headers={"WebHook-Request-Origin": "shop.example.com"}),
    Step(method="OPTIONS", path="/", headers={"WebHook-Request-Origin": "shop.example.com"}),
    Step(
        method="POST",
        path=_ENDPOINTS,
        body={"url": "http://127.0.0.1:9/flipbook", "event_types": ["video.completed", "video.failed"]},
        keeps="endpoint",
        says="The secret is told this once:",
    ),
    Step(method="GET", path=_ENDPOINTS, query="?limit=1", shows=_PAGE),
    Step(method="GET", path=_ENDPOINTS + "/{endpoint}"),
    Step(method="POST", path=_ENDPOINTS + "/{endpoint}", body={"name": "dashboard"}, shows=("id", "name", "status")),
    Step(
        method="POST",
        path=_ENDPOINTS + "/{endpoint}/rotate_secret",
        body={"keep_old_secret_active_for_24_hours": True},
        shows=("id", "signing_secret", "signing_secret_hint", "old_secret_ends_at"),
    ),
    Step(
        method="POST",
        path=_ENDPOINTS + "/{endpoint}/test",
        body={"event_type": "video.completed"},
        shows=_PROBLEM,
        says="Nobody listens there:",
    ),
    Step(
        method="PUT",
        path="/v1/videos/{told}",
        body={"prompt": "A paper boat by night", "webhook": "http://127.0.0.1:9/flipbook"},
        keeps="told",
        shows=("id", "status"),
    ),
    Step(method="POST", path="/v1/videos/{told}/cancel", shows=("id", "status")),
    Step(method="GET", path="/v1/videos/{told}/deliveries"),
    Step(method="POST", path="/v1/videos/{told}/deliveries/{delivery}/replay", shows=_PROBLEM),
    Step(method="GET", path=_ENDPOINTS + "/{endpoint}/deliveries", query="?limit=1", shows=_PAGE),
    Step(method="POST", path=_ENDPOINTS + "/{endpoint}/deliveries/{delivery}/replay", shows=_PROBLEM),
    Step(method="POST", path=_ENDPOINTS + "/{endpoint}/deliveries/replay", body={"since": 1795600000}),
    Step(method="DELETE", path=_ENDPOINTS + "/{endpoint}"),
    Step(method="GET", path="/v1/webhook_event_types"),
    Step(
        method="POST",
        path="/admin/keys",
        body={"tenant": "acme", "scopes": ["videos:read"], "label": "dashboard"},
        keeps="key",
        says="The key is shown this once:",
    ),
    Step(method="GET", path="/admin/keys", query="?limit=1", shows=_PAGE),
    Step(method="GET", path="/admin/keys/{key}"),
    Step(method="POST", path="/admin/keys/{key}/rotate", body={"overlap_seconds": 3600}),
    Step(method="POST", path="/admin/keys/{key}/revoke", shows=("id", "status", "revoked_at")),
    Step(method="DELETE", path="/admin/keys/{key}"),
    Step(method="POST", path="/admin/queue/pause", body={"reason": "new GPUs"}),
    Step(method="GET", path="/admin/queue"),
    Step(method="POST", path="/admin/queue/purge", body={"dry_run": True}),
    Step(method="POST", path="/admin/queue/resume"),
    Step(method="GET", path=_LETTERS),
    Step(method="POST", path=f"{_LETTERS}/redrive"),
    Step(method="GET", path=_LETTERS + "/{letter}", shows=_PROBLEM),
    Step(method="POST", path=_LETTERS + "/{letter}/redrive", shows=_PROBLEM),
    Step(method="GET", path="/", says="The page for people:"),
    Step(method="GET", path="/assets/{file}"),
    Step(method="GET", path="/healthz"),
    Step(method="GET", path="/readyz"),
    Step(method="GET", path="/health/liveness"),
    Step(method="GET", path="/health/readiness"),
    Step(method="GET", path="/metrics"),
    Step(method="GET", path="/openapi.json", shows=("openapi", "info")),
    Step(method="GET", path="/.well-known/jwks.json"),
    Step(method="GET", path="/docs"),
)

GIVEN: Final = {
    "mine": "my-film",
    "model": "sora-2",
    "character": "char_1",
    "letter": "evt_none",
    "file": "main.js",
} | {
    "told": "my-night",
    "delivery": "wd_none",
}
"""Ids that are not answers' but the caller's own words."""


def operation(step: Step) -> tuple[str, str]:
    """The method and path under which the OpenAPI document has a step."""
    return step.method, step.path.replace("{other}", "{id}").replace("{mine}", "{id}").replace("{told}", "{id}")
