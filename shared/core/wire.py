"""Events as HTTP messages: CloudEvents 1.0, binary and structured mode. No I/O.

What an event from elsewhere leaves out stands as "" (subject), NO_TIME (time) and {} (data).
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_binary, from_structured, to_binary, to_structured
from cloudevents.core.exceptions import BaseCloudEventException, CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.core.errors import InvalidRequest, Problem
from shared.core.events import SOURCE, Event, schema

CODE: Final = "invalid_event"
STRUCTURED: Final = "application/cloudevents+json"
NOT_A_TIME: Final = "this is not a time as RFC 3339 writes it, with its offset"
NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
"""The time of an event that names none."""
_REQUIRED: Final = ("specversion", "id", "source", "type")
_NAMED: Final = (*_REQUIRED, "subject", "time", "datacontenttype", "dataschema")
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What a CloudEvents string may not hold (1.0.2, "Type System")."""


class Headers(Protocol):
    """HTTP headers, of whatever library."""

    def items(self) -> Iterable[tuple[str, str]]: ...


def to_http(event: Event) -> tuple[dict[str, str], bytes]:
    """Headers and body of `event` in binary mode. Names are lower case, values ASCII."""
    message = to_binary(_cloud_event(event), JSONFormat())
    return message.headers, message.body


def to_headers(event: Event) -> dict[str, str]:
    """The attributes of `event` in binary mode, for who sends other data than its own with them."""
    attributes = {name: value for name, value in _attributes(event).items() if name != "dataschema"}
    return to_binary(CloudEvent(attributes), JSONFormat()).headers


def to_text(event: Event) -> bytes:
    """The body of `event` in structured mode, which needs no headers but its content type."""
    return to_structured(_cloud_event(event), JSONFormat()).body


def _cloud_event(event: Event) -> CloudEvent:
    return CloudEvent(_attributes(event), dict(event.data))


def _attributes(event: Event) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        **event.extensions,
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time,
        "datacontenttype": "application/json",
    }
    if event.subject:
        attributes["subject"] = event.subject
    if event.source == SOURCE:
        attributes["dataschema"] = schema(event.type)
    return attributes


def from_http(headers: Headers, body: bytes) -> Event:
    """The event that an HTTP message carries, in either mode.

    Raises:
        InvalidRequest: It is no CloudEvent 1.0 (code `invalid_event`), or its data is no JSON object.
    """
    message = HTTPMessage({name.lower(): value for name, value in headers.items()}, body)
    media_type = message.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == STRUCTURED:
        parsed = _parse_structured(message)
    elif media_type.startswith("application/cloudevents"):
        raise _refusal("", f"{media_type} is not taken here: send {STRUCTURED}, or one event in binary mode")
    elif any(name.startswith("ce-") for name in message.headers):
        parsed = _parse_binary(message, media_type)
    else:
        raise _refusal("", f"this is no CloudEvent: it has neither ce- headers nor the content type {STRUCTURED}")
    return _event(parsed)


def _parse_binary(message: HTTPMessage, media_type: str) -> BaseCloudEvent:
    headers = message.headers | ({"content-type": media_type} if media_type else {})
    try:
        return from_binary(HTTPMessage(headers, message.body), JSONFormat(), _complete)
    except BaseCloudEventException as error:
        raise _invalid(error) from None
    except RecursionError:
        raise _refusal("/data", "the data is nested too deeply") from None
    except ValueError:  # the package takes bad JSON for text
        raise _refusal("/time", NOT_A_TIME) from None


def _parse_structured(message: HTTPMessage) -> BaseCloudEvent:
    try:
        attributes = json.loads(message.body)
    except (ValueError, RecursionError):
        raise _refusal("", "the body is not JSON, though its content type says so") from None
    if not isinstance(attributes, dict):
        raise _refusal("", "a structured CloudEvent is a JSON object")
    if not isinstance(attributes.get("time", ""), str):
        raise _refusal("/time", NOT_A_TIME)
    try:
        return from_structured(message, JSONFormat(), _complete)
    except BaseCloudEventException as error:
        raise _invalid(error) from None
    except (binascii.Error, TypeError):  # TypeError: the time is text, so it comes from b64decode
        raise _refusal("/data_base64", "this is not base64") from None
    except ValueError:
        raise _refusal("/time", NOT_A_TIME) from None


def _complete(attributes: dict[str, Any], data: Any) -> BaseCloudEvent:
    """A CloudEvent of just these attributes: the package would make up those that are missing."""
    problems = [
        Problem(f"/{name}", "this must be there, and not empty") for name in _REQUIRED if not attributes.get(name)
    ]
    problems += [
        Problem(f"/{name}", "this must be a string")
        for name in _NAMED
        if not isinstance(attributes.get(name, ""), str | datetime)
    ]
    if attributes.get("specversion", "1.0") != "1.0":
        problems.append(Problem("/specversion", "this must be 1.0"))
    if problems:
        raise InvalidRequest(*problems, code=CODE)
    return CloudEvent({"time": NO_TIME} | attributes, data)


def _event(parsed: BaseCloudEvent) -> Event:
    attributes = {name: _text(name, value) for name, value in parsed.get_attributes().items() if name != "time"}
    return Event(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        subject=attributes.get("subject", ""),
        time=parsed.get_time() or NO_TIME,
        data=_data(parsed.get_data()),
        extensions={name: value for name, value in attributes.items() if name not in _NAMED},
    )


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int):
        raise _refusal(f"/{name}", "an attribute is a string, a boolean or an integer")
    if _FORBIDDEN.search(text := str(value)):
        raise _refusal(f"/{name}", "this holds a character that CloudEvents do not allow")
    return text


def _data(data: Any) -> Mapping[str, Any]:
    if isinstance(data, bytes):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            data = ""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _refusal("/data", "the data must be a JSON object, of the content type application/json")
    return data


def _invalid(error: BaseCloudEventException) -> InvalidRequest:
    if not isinstance(error, CloudEventValidationError):
        return _refusal("", str(error))
    found = [Problem(f"/{name}", "; ".join(map(str, faults))) for name, faults in error.errors.items()]
    return InvalidRequest(*found, code=CODE)


def _refusal(pointer: str, detail: str) -> InvalidRequest:
    return InvalidRequest(Problem(pointer, detail), code=CODE)
