"""A CloudEvent 1.0 on HTTP, as a Broker sees it: attributes to read, data to pass on untouched."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, unquote

STRUCTURED: Final = "application/cloudevents+json"
_REQUIRED: Final = ("id", "source", "type")
_VERSIONS: Final = ("1.0", "0.3")
_NAME: Final = re.compile(r"[a-z0-9]+")
# HTTP binding, 3.1.3.2: printable ASCII without space, quote and percent stands for itself.
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class NotCloudEvent(ValueError):
    """The message carries no CloudEvent; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """Context attributes by name, extensions among them; `content_type` is datacontenttype."""

    attributes: Mapping[str, str]
    content_type: str | None = None
    data: bytes = b""

    def but(self, **attributes: str) -> CloudEvent:
        """The same event with these attributes set; an empty one is taken away."""
        merged = {**self.attributes, **attributes}
        gone = {name for name, value in attributes.items() if not value}
        return replace(self, attributes={name: value for name, value in merged.items() if name not in gone})

    def headers(self) -> dict[str, str]:
        """The event in binary mode; its body is `data`."""
        headers = {f"Ce-{name.capitalize()}": quote(value, safe=_PLAIN) for name, value in self.attributes.items()}
        return headers | ({"Content-Type": self.content_type} if self.content_type else {})

    def marked(self, **attributes: str) -> CloudEvent:
        """The same event with these attributes set, empty ones too."""
        return replace(self, attributes={**self.attributes, **attributes})


def read(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """The event of an HTTP message in binary or structured mode; `headers` ignores case.

    Raises:
        NotCloudEvent: It is none, or one that breaks the specification.
    """
    content_type = headers.get("Content-Type")
    if content_type and content_type.split(";")[0].strip().lower() == STRUCTURED:
        return _checked(_structured(body))
    attributes = {
        name[3:].lower(): unquote(value) for name, value in headers.items() if name[:3].lower() == "ce-" and name[3:]
    }
    return _checked(CloudEvent(attributes=attributes, content_type=content_type, data=body))


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a message claims to carry an event; `read` finds out if it does."""
    content_type = headers.get("Content-Type", "").split(";")[0].strip().lower()
    return content_type == STRUCTURED or "Ce-Specversion" in headers


def _structured(body: bytes) -> CloudEvent:
    try:
        fields = json.loads(body)
    except ValueError:
        raise NotCloudEvent("the body is not JSON") from None
    if not isinstance(fields, dict):
        raise NotCloudEvent("the body is not a JSON object")
    data, content_type = _data(fields)
    attributes = {name: _text(name, value) for name, value in fields.items() if value is not None}
    return CloudEvent(attributes=attributes, content_type=content_type, data=data)


def _data(fields: dict[str, Any]) -> tuple[bytes, str | None]:
    """The data as binary mode carries it, taken out of `fields`."""
    content_type = fields.pop("datacontenttype", None)
    encoded, data = fields.pop("data_base64", None), fields.pop("data", None)
    if content_type is not None and not isinstance(content_type, str):
        raise NotCloudEvent("datacontenttype is not a string")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True), content_type
        except (binascii.Error, TypeError, ValueError):
            raise NotCloudEvent("data_base64 is not base64") from None
    if data is None:
        return b"", content_type
    if isinstance(data, str) and content_type and "json" not in content_type:
        return data.encode(), content_type
    return json.dumps(data, separators=(",", ":")).encode(), content_type or "application/json"


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value)
    raise NotCloudEvent(f"{name} is not a string, number or boolean")


def _checked(event: CloudEvent) -> CloudEvent:
    if event.attributes.get("specversion") not in _VERSIONS:
        raise NotCloudEvent("specversion is not 1.0")
    missing = [name for name in _REQUIRED if not event.attributes.get(name)]
    if missing:
        raise NotCloudEvent(f"missing {', '.join(missing)}")
    odd = [name for name in event.attributes if not _NAME.fullmatch(name)]
    if odd:
        raise NotCloudEvent(f"no attribute name: {', '.join(odd)}")
    return event
