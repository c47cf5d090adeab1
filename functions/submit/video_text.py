"""Videos as the text that callers are sent. Knows no Flask."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import to_json

from shared.core import views

MEDIA: Final = "application/json"
encode: Final = to_json
"""Videos, and lists of them, as UTF-8. What they hold came out of a store as UTF-8, or was found to be it."""


@dataclass(frozen=True, slots=True)
class VideoText:
    """A Video, and its tag: the same for Videos that say the same, another one for any other (a weak ETag).

    What is foretold changes with every second, and nobody should be told of that alone. So it stands at the end, behind
    all that the tag is made of, and nothing is written twice.
    """

    text: bytes
    tag: str

    @classmethod
    def of(cls, video: Mapping[str, Any]) -> VideoText:
        lasting = {name: value for name, value in video.items() if name != views.FORETOLD}
        said = encode(lasting)
        foretold = encode({views.FORETOLD: video[views.FORETOLD]})
        return cls(said[:-1] + b"," + foretold[1:], hashlib.sha256(said).hexdigest()[:32])
