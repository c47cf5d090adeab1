"""What a caller asks for when a webhook endpoint is registered or changed: OpenAI's words, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from shared.core.addresses import MAX_URL
from shared.core.endpoint import EVENT_TYPES
from shared.core.whole import WHOLE

LONGEST_NAME: Final = 100
LAST_SECOND: Final = 253_402_300_799
"""Of the year 9999."""


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be printable, in one line")
    return value


def _event(value: str) -> str:
    if value not in EVENT_TYPES:
        raise ValueError(f"must be one of {', '.join(EVENT_TYPES)}")
    return value


def _once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("must name each type once")
    return values


def _schema(**words: Any) -> Any:
    """What a validator checks, in words of JSON Schema too."""
    return Field(json_schema_extra=words)


_Name = Annotated[StrictStr, Field(max_length=LONGEST_NAME), AfterValidator(_printable), _schema(format="printable")]
_Url = Annotated[StrictStr, Field(min_length=1, max_length=MAX_URL), _schema(format="uri")]
_EventType = Annotated[StrictStr, AfterValidator(_event), _schema(enum=list(EVENT_TYPES))]
_EventTypes = Annotated[
    list[_EventType], Field(max_length=len(EVENT_TYPES)), AfterValidator(_once), _schema(uniqueItems=True)
]


class EndpointWish(BaseModel):
    """The body of `POST /v1/webhook_endpoints`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: _Url
    """A public https URL."""
    name: _Name = ""
    """For people."""
    event_types: _EventTypes
    """What it hears of every video of yours. Empty: only the ends of videos that name it as `webhook_endpoint`."""
    handshake: StrictBool = False
    """Whether it is asked first, by OPTIONS, if it wants to be called and how often (CloudEvents' web hooks)."""


class EndpointEdit(BaseModel):
    """The body of `POST /v1/webhook_endpoints/{id}`. What is absent stays as it is."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: _Url | None = None
    name: _Name | None = None
    event_types: _EventTypes | None = None
    """All of them, not only new ones."""
    handshake: StrictBool | None = None
    """Whether it is asked first. With this or the URL changed, it is asked anew."""
    enabled: StrictBool | None = None
    """`true` sets a disabled endpoint going again, `false` disables it: what ends meanwhile it does not hear of."""


class SecretRotation(BaseModel):
    """The body of `POST /v1/webhook_endpoints/{id}/rotate_secret`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    keep_old_secret_active_for_24_hours: StrictBool = False
    """Whether callbacks carry the old secret's signature too, for so long. If not, all secrets before end now."""


class EndpointTest(BaseModel):
    """The body of `POST /v1/webhook_endpoints/{id}/test`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    event_type: _EventType = EVENT_TYPES[0]
    """What is told, of a video that never was."""


class ReplayWish(BaseModel):
    """The body of `POST /v1/webhook_endpoints/{id}/deliveries/replay`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    since: Annotated[StrictInt, Field(ge=0, le=LAST_SECOND), WHOLE]
    """Unix seconds: events before that stay as they are."""
    after: Annotated[StrictStr, Field(max_length=200)] | None = None
    """Go on behind this callback, the `last_id` of the answer before."""
