from __future__ import annotations

import json

import pytest
from multidict import CIMultiDict

from local import cloud_event
from local.cloud_event import CloudEvent, NotCloudEvent

BASE = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
BINARY = {f"ce-{name}": value for name, value in BASE.items()}


def read(headers, body=b""):
    return cloud_event.read(CIMultiDict(headers), body)


def structured(**fields):
    return read(
        {"Content-Type": "application/cloudevents+json; charset=UTF-8"}, json.dumps({**BASE, **fields}).encode()
    )


def test_binary_and_structured_say_the_same():
    binary = read({**BINARY, "content-type": "application/json", "ce-time": "2026-01-01T00:00:00Z"}, b'{"a":1}')
    assert binary == structured(datacontenttype="application/json", time="2026-01-01T00:00:00Z", data={"a": 1})


def test_data_in_base64_is_bytes():
    assert b"\x00\xff" == structured(data_base64="AP8=").data


def test_text_stays_text():
    assert b"hello" == structured(datacontenttype="text/plain", data="hello").data


def test_extensions_may_be_numbers_and_booleans():
    event = structured(count=3, fine=True)
    assert ("3", "true") == (event.attributes["count"], event.attributes["fine"])


def test_headers_carry_any_text_and_give_it_back():
    event = CloudEvent(attributes={**BASE, "subject": 'Euro € "100 %"'})
    headers = event.headers()
    assert headers["Ce-Subject"].isascii()
    assert event == read(headers)


BROKEN = [
    ({}, b""),
    ({**BINARY, "ce-specversion": "9.9"}, b""),
    ({**BINARY, "ce-id": ""}, b""),
    ({**BINARY, "ce-bad-name": "x"}, b""),
    ({"Content-Type": "application/cloudevents+json"}, b"no json"),
    ({"Content-Type": "application/cloudevents+json"}, b"[]"),
    ({"Content-Type": "application/cloudevents+json"}, b'{"specversion": "1.0", "id": {}}'),
    ({"Content-Type": "application/cloudevents+json"}, json.dumps({**BASE, "data_base64": "!"}).encode()),
    ({"Content-Type": "application/cloudevents+json"}, b"\xff"),
]


@pytest.mark.parametrize(("headers", "body"), BROKEN)
def test_what_is_no_event_is_refused(headers, body):
    with pytest.raises(NotCloudEvent):
        read(headers, body)
