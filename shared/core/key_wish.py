"""What the platform's owner asks for when he has a key made or exchanged."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from shared.core import access
from shared.core.access import Scope
from shared.core.whole import WHOLE

LONGEST_LIFE: Final = timedelta(days=3650)
LONGEST_OVERLAP: Final = timedelta(days=30)
OVERLAP: Final = timedelta(days=1)
"""For so long an old secret opens beside its successor, if nothing else is said."""


def _tenant(value: str) -> str:
    if not access.is_tenant(value):
        raise ValueError("must be 1 to 63 of a-z, 0-9 and -, with no - at either end")
    return value


def _scope(value: str) -> str:
    if value not in set(Scope):
        raise ValueError(f"must be one of {', '.join(Scope)}")
    return value


def _once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("must name each scope once")
    return values


def _label(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable, in one line")
    return value


def _schema(**words: Any) -> Any:
    """What a validator checks, in words of JSON Schema too."""
    return Field(json_schema_extra=words)


def _seconds(longest: timedelta) -> int:
    return int(longest.total_seconds())


class KeyWish(BaseModel):
    """The body of `POST /admin/keys`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    tenant: Annotated[StrictStr, AfterValidator(_tenant), _schema(pattern=f"^{access.TENANT.pattern}$")]
    """Whose videos it opens."""
    scopes: Annotated[
        list[Annotated[StrictStr, AfterValidator(_scope), _schema(enum=[str(scope) for scope in Scope])]],
        Field(min_length=1, max_length=len(Scope)),
        AfterValidator(_once),
        _schema(uniqueItems=True),
    ]
    """`videos:read`, `videos:write`, `videos:priority`, `admin`; there is no default."""
    label: Annotated[StrictStr, Field(max_length=100), AfterValidator(_label), _schema(format="printable")] = ""
    """For people."""
    expires_in_seconds: Annotated[StrictInt, Field(ge=1, le=_seconds(LONGEST_LIFE)), WHOLE] | None = None
    """From now, by the store's clock; absent: it does not expire."""

    @property
    def life(self) -> timedelta | None:
        return None if self.expires_in_seconds is None else timedelta(seconds=self.expires_in_seconds)


class RotationWish(BaseModel):
    """The body of `POST /admin/keys/{id}/rotate`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    overlap_seconds: Annotated[StrictInt, Field(ge=0, le=_seconds(LONGEST_OVERLAP)), WHOLE] = _seconds(OVERLAP)
    """For so long the old secret opens too; 0: it ends now."""

    @property
    def overlap(self) -> timedelta:
        return timedelta(seconds=self.overlap_seconds)
