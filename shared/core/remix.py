"""The body of a remix: those fields of a wish that are not the remixed video's to decide."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, create_model

from shared.core.wish import CreateVideo, OutputWish

REMIXABLE: Final = (
    *("prompt", "priority", "queue_ttl_seconds", "timeout_seconds", "result_ttl_seconds"),
    *("webhook", "webhook_endpoint", "preview", "metadata", "cache"),
)
"""What a remix may say; all else is that of the video it repeats."""
OUTPUT: Final = ("upload_url",)
"""The same inside `output`."""
_FIELDS: Final[dict[str, Any]] = {
    name: (field.annotation, field) for name, field in CreateVideo.model_fields.items() if name in REMIXABLE
}
_OUTPUT: Final[dict[str, Any]] = {
    name: (field.annotation, field) for name, field in OutputWish.model_fields.items() if name in OUTPUT
}
RemixOutput: Final[type[BaseModel]] = create_model(
    "RemixOutput",
    __config__=ConfigDict(extra="forbid"),
    __doc__="Where the file shall go; what it shall be is that of the video it repeats.",
    **_OUTPUT,
)
RemixVideo: Final[type[BaseModel]] = create_model(
    "RemixVideo",
    __config__=ConfigDict(extra="forbid"),
    __doc__="The words of a new video that has the seed and everything else of another.",
    **_FIELDS | {"output": (RemixOutput | None, None)},
)
"""For the API's schema."""


def decided(wish: CreateVideo) -> list[str]:
    """The pointers of what `wish` says and the remixed video has decided."""
    said = wish.model_dump(exclude=set(REMIXABLE), exclude_unset=True, exclude_none=True)
    output = said.pop("output", {})
    return [*(f"/{name}" for name in said), *(f"/output/{name}" for name in output if name not in OUTPUT)]
