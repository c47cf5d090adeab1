"""Events on the wire: the way there and back, what others write, and what is none."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from shared.core import wire
from shared.core.errors import InvalidRequest
from shared.core.events import Event

FORBIDDEN = {chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), *range(0xFDD0, 0xFDF0), 0xFFFE, 0xFFFF)}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=FORBIDDEN), min_size=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7, minutes=-30))]),
)
EVENTS = st.builds(
    Event,
    id=TEXT,
    type=TEXT,
    source=TEXT,
    subject=TEXT | st.just(""),
    time=TIMES | st.just(wire.NO_TIME),
    data=st.dictionaries(st.text(), JSON, max_size=4),
    extensions=st.dictionaries(st.from_regex(r"ext[a-z0-9]{1,8}", fullmatch=True), TEXT, max_size=3),
)
BINARY = {"ce-specversion": "1.0", "ce-id": "e1", "ce-source": "/s", "ce-type": "t"}
ATTRIBUTES = {"specversion": "1.0", "id": "e1", "source": "/s", "type": "t"}
JSON_TYPE = {"content-type": "application/cloudevents+json"}
BARE = Event(id="e1", source="/s", type="t", subject="", time=wire.NO_TIME, data={})


def structured(**changes: object) -> bytes:
    return json.dumps(ATTRIBUTES | changes).encode()


@given(EVENTS)
def test_what_goes_out_comes_in_the_same(event: Event):
    assert event == wire.from_http(*wire.to_http(event))


@given(EVENTS)
def test_headers_are_plain_and_the_cloudevents_package_reads_them(event: Event):
    headers, body = wire.to_http(event)
    assert all(name == name.lower() and value.isascii() and value.isprintable() for name, value in headers.items())
    read = from_binary_event(HTTPMessage(headers, body))
    assert (event.id, event.source, event.type, event.subject or None) == (
        read.get_id(), read.get_source(), read.get_type(), read.get_subject(),
    )  # fmt: skip
    assert (event.time, event.data) == (read.get_time(), read.get_data())


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_what_the_cloudevents_package_writes_is_read(write):
    time = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    attributes = ATTRIBUTES | {"subject": "ä%20 b", "time": time, "dataschema": "/x", "traceparent": "00-1-2-01"}
    message = write(CloudEvent(attributes, {"prompt": "ein Füchslein 🦊"}))
    expected = Event(
        id="e1", source="/s", type="t", subject="ä%20 b", time=time,
        data={"prompt": "ein Füchslein 🦊"}, extensions={"traceparent": "00-1-2-01"},
    )  # fmt: skip
    assert expected == wire.from_http(message.headers, message.body)


def test_what_is_left_out_stands_as_nothing():
    assert BARE == wire.from_http(BINARY, b"")
    assert BARE == wire.from_http(JSON_TYPE, structured())


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8", None])
def test_names_of_headers_and_media_types_have_no_case(content_type):
    headers = {name.upper(): value for name, value in BINARY.items()}
    headers |= {"Content-Type": content_type} if content_type else {}
    assert {"a": 1} == wire.from_http(headers, b'{"a": 1}').data


def test_the_content_type_decides_the_mode_not_the_headers():
    assert "t" == wire.from_http(JSON_TYPE | BINARY | {"ce-type": "other"}, structured()).type


def test_data_may_come_as_base64():
    data = base64.b64encode(b'{"a": 1}').decode()
    assert {"a": 1} == wire.from_http(JSON_TYPE, structured(data_base64=data)).data


def test_extensions_that_are_numbers_or_booleans_become_text():
    event = wire.from_http(JSON_TYPE, structured(knativeerrorcode=500, sampled=True))
    assert {"knativeerrorcode": "500", "sampled": "true"} == event.extensions


DEEP = b"[" * 100_000
NO_EVENTS = {
    "nothing": ({}, b"", "/: this is no CloudEvent"),
    "plain JSON": ({"content-type": "application/json"}, b"{}", "/: this is no CloudEvent"),
    "a batch": ({"content-type": "application/cloudevents-batch+json"}, b"[]", "is not taken here"),
    "another format": ({"content-type": "application/cloudevents+avro"}, b"", "is not taken here"),
    "an old version": (BINARY | {"ce-specversion": "0.3"}, b"", "/specversion: this must be 1.0"),
    "a future version": (JSON_TYPE, structured(specversion="2.0"), "/specversion: this must be 1.0"),
    "an empty id": (BINARY | {"ce-id": ""}, b"", "/id: this must be there"),
    "an empty subject": (BINARY | {"ce-subject": ""}, b"", "/subject: "),
    "a number for an id": (JSON_TYPE, structured(id=5), "/id: this must be a string"),
    "null for a type": (JSON_TYPE, structured(type=None), "/type: this must be there"),
    "a line break in an id": (BINARY | {"ce-id": "a%0D%0Ab"}, b"", "/id: this holds a character"),
    "half a pair in a source": (JSON_TYPE, structured(source="\ud83e"), "/source: this holds a character"),
    "no time": (BINARY | {"ce-time": "yesterday"}, b"", "/time: this is not a time"),
    "a time without offset": (BINARY | {"ce-time": "2026-01-01T00:00:00"}, b"", "/time: "),
    "a number for a time": (JSON_TYPE, structured(time=1), "/time: this is not a time"),
    "no such month": (JSON_TYPE, structured(time="2026-13-01T00:00:00Z"), "/time: this is not a time"),
    "a bad extension": (BINARY | {"ce-x-y": "1"}, b"", "/x-y: "),
    "a list as extension": (JSON_TYPE, structured(x=[]), "/x: an attribute is a string"),
    "broken JSON": (BINARY, b"{", "/data: the data must be a JSON object"),
    "a list": (BINARY, b"[1]", "/data: the data must be a JSON object"),
    "text": (BINARY | {"content-type": "text/plain"}, b'{"a":1}', "/data: the data must be a JSON object"),
    "bytes": (BINARY, b"\xff\xfe", "/data: the data must be a JSON object"),
    "a hole without ground": (BINARY, DEEP, "/data: the data is nested too deeply"),
    "a structured hole": (JSON_TYPE, DEEP, "/: the body is not JSON"),
    "structured, broken": (JSON_TYPE, b'{"a"', "/: the body is not JSON"),
    "structured, no UTF-8": (JSON_TYPE, b"\xff", "/: the body is not JSON"),
    "structured, a list": (JSON_TYPE, b"[]", "/: a structured CloudEvent is a JSON object"),
    "structured text": (JSON_TYPE, structured(data="x"), "/data: the data must be a JSON object"),
    "no base64": (JSON_TYPE, structured(data_base64="A"), "/data_base64: this is not base64"),
    "a number for base64": (JSON_TYPE, structured(data_base64=1), "/data_base64: this is not base64"),
    "base64 of no JSON": (JSON_TYPE, structured(data_base64="AAAA"), "/data: the data must be a JSON object"),
    "data twice": (JSON_TYPE, structured(data={}, data_base64="e30="), "/data_base64: "),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_EVENTS)
def test_what_is_no_event_is_refused_with_its_reason(name: str):
    headers, body, reason = NO_EVENTS[name]
    with pytest.raises(InvalidRequest) as refusal:
        wire.from_http(headers, body)
    assert reason in str(refusal.value)
    assert "invalid_event" == refusal.value.code


def test_every_missing_attribute_is_named_at_once():
    with pytest.raises(InvalidRequest) as refusal:
        wire.from_http({"ce-type": "t"}, b"")
    assert ["/specversion", "/id", "/source"] == [problem.pointer for problem in refusal.value.problems]


NAMES = st.sampled_from(["ce-id", "ce-time", "ce-subject", "ce-x", "ce-data", "ce-datacontenttype", "content-type"])
VALUES = st.text(st.characters(max_codepoint=255)) | st.sampled_from([*JSON_TYPE.values(), "application/json"])


@given(st.dictionaries(NAMES, VALUES), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_that_arrives_breaks_the_reader(headers: dict[str, str], body: bytes):
    try:
        event = wire.from_http(BINARY | headers, body)
    except InvalidRequest:
        return
    assert isinstance(event.data, dict)


MEMBERS = st.sampled_from(["specversion", "id", "time", "subject", "data", "data_base64", "x", "dataschema"])


@given(st.dictionaries(MEMBERS, JSON | TIMES.map(str)))
def test_nothing_structured_breaks_the_reader(changes: dict[str, object]):
    try:
        event = wire.from_http(JSON_TYPE, structured(**changes))
    except InvalidRequest:
        return
    assert isinstance(event.data, dict)
