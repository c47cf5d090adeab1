"""The body of a remix: those fields of a wish that are not the remixed video's to decide."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from shared.core.wish import CreateVideo

REMIXABLE: Final = (
    *("prompt", "priority", "queue_ttl_seconds", "timeout_seconds", "result_ttl_seconds"),
    *("webhook", "webhook_endpoint", "preview", "metadata", "cache"),
)
"""What a remix may say; all else is that of the video it repeats."""
_FIELDS: Final[dict[str, Any]] = {
    name: (field.annotation, field) for name, field in CreateVideo.model_fields.items() if name in REMIXABLE
}
RemixVideo: Final[type[BaseModel]] = create_model(
    "RemixVideo",
    __config__=ConfigDict(extra="forbid"),
    __doc__="The words of a new video that has the seed and everything else of another.",
    **_FIELDS,
)
"""For the API's schema."""
