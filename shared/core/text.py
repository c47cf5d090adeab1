"""Text from callers: what it may hold, and how it is kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictStr

MAX_PROMPT: Final = 2000
"""Characters of a text, counted in NFC."""
_LONGEST_DECOMPOSITION: Final = 4
"""NFC makes one character of at most so many."""
_REFUSED: Final = re.compile(
    "(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff])"  # line breaks are text
    "|(?P<bidi>[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])"  # Unicode's property Bidi_Control
    "|(?P<tag>[\U000e0000-\U000e007f])"
    "|(?P<invisible>[\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb])"  # not the joiners: words need them
)
_WHY: Final = {
    "control": "controls and lone surrogates are not allowed",
    "bidi": "bidirectional controls are not allowed",
    "tag": "invisible tag characters are not allowed",
    "invisible": "invisible characters are not allowed",
}


def clean(value: Any) -> Any:
    """Normalise a text to NFC; refuse what could hide words from a reader of the text."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_PROMPT * _LONGEST_DECOMPOSITION:
        # Before anything is done with it: normalising a long run of combining marks takes quadratic time.
        raise ValueError(f"must be at most {MAX_PROMPT} characters, not {len(value)}")
    value = value.replace("\r\n", "\n")
    found = _REFUSED.search(value)
    if found is not None:
        raise ValueError(f"contains the character U+{ord(found[0]):04X}; {_WHY[found.lastgroup or '']}")
    return unicodedata.normalize("NFC", value)


def said(value: str) -> str:
    """Refuse a text that shows nothing."""
    if not any(char.isprintable() and not char.isspace() for char in value):
        raise ValueError("must say what to draw; it is blank")
    return value


Text = Annotated[
    StrictStr,
    Field(max_length=MAX_PROMPT, json_schema_extra={"format": "visible-text"}),
    BeforeValidator(clean),
]
