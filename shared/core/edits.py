"""OpenAI's edits, as far as a model that draws from text has them: `video: {id}` with a prompt is a remix."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictStr, create_model

from shared.core.errors import InvalidRequest, Problem
from shared.core.remix import RemixVideo

_NEEDED: Final = "must be {id} of a video that was drawn here: Mochi-1 takes no other video to start from"


class EditedVideo(BaseModel):
    """The video to draw again."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[StrictStr, Field(min_length=1)]


EditVideo: Final[type[BaseModel]] = create_model(
    "EditVideo",
    __base__=RemixVideo,
    __doc__="The words of a new video, and the one it repeats.",
    video=(EditedVideo, ...),
)
"""For the API's schema."""


def remixed(body: object) -> tuple[str, dict[str, Any]]:
    """The id of the video that an edit repeats, and what is left: the body of a remix.

    Raises: InvalidRequest: It names no video of ours (code `unsupported_feature`).
    """
    if not isinstance(body, dict):
        raise InvalidRequest(Problem("", "must be a JSON object"))
    video = body.get("video")
    if not isinstance(video, dict) or list(video) != ["id"] or not isinstance(video["id"], str) or not video["id"]:
        raise InvalidRequest(Problem("/video", _NEEDED), code="unsupported_feature")
    return video["id"], {name: value for name, value in body.items() if name != "video"}
