"""Whole numbers in JSON, which knows one kind of number: 7.0 is 7, and so JSON Schema says too."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BeforeValidator


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_whole)
"""Stands last: Annotated[StrictInt, Field(ge=1), WHOLE]. Before a bound, the schema would not tell of it."""
