"""Text from callers: what it may hold, and how it is kept."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StrictStr

MAX_PROMPT: Final = 2000
"""Characters of a text, counted in NFC."""
_LONGEST_DECOMPOSITION: Final = 4
"""NFC makes one character of at most so many."""


def clean(value: Any) -> Any:
    """Normalise a text to NFC; refuse what could hide words from a reader of the text."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_PROMPT * _LONGEST_DECOMPOSITION:
        # Before anything is done with it: normalising a long run of combining marks takes quadratic time.
        raise ValueError(f"must be at most {MAX_PROMPT} characters, not {len(value)}")
    value = value.replace("\r\n", "\n")
    for char in value:
        # Cc controls, Cs lone surrogates; line breaks are text.
        if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t":
            raise ValueError(f"contains the character U+{ord(char):04X}; controls and lone surrogates are not allowed")
        if 0xE0000 <= ord(char) <= 0xE007F:
            raise ValueError(f"contains the character U+{ord(char):04X}; invisible tag characters are not allowed")
        if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"):
            raise ValueError(f"contains the character U+{ord(char):04X}; bidirectional controls are not allowed")
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
