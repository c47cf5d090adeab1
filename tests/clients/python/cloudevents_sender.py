"""What CloudEvents' Python SDK sends and reads, one JSON object a line. Run by test_event_clients.py."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping

from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

URL, KEY, RUN = os.environ["FLIPBOOK_URL"], os.environ["FLIPBOOK_KEY"], os.environ["FLIPBOOK_RUN"]
REQUESTED = "dev.flipbook.video.requested.v1"


def event(check: str, kind: str = REQUESTED) -> CloudEvent:
    data = {"prompt": "a red cat", "metadata": {"run": RUN, "check": check}}
    attributes = {"specversion": "1.0", "type": kind, "source": "/tests/python", "id": str(uuid.uuid4())}
    return CloudEvent({**attributes, "datacontenttype": "application/json"}, data)


def sent(headers: Mapping[str, str], body: bytes | str) -> dict[str, object]:
    """Status and whether there is a body."""
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(f"{URL}/v1/events", data, {**headers, "Authorization": f"Bearer {KEY}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return {"status": answer.status, "body": bool(answer.read())}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "code": json.load(error)["error"]["code"]}


def binary() -> dict[str, object]:
    message = to_binary_event(event("binary"))
    return sent(message.headers, message.body)


def structured() -> dict[str, object]:
    message = to_structured_event(event("structured"))
    return sent(message.headers, message.body)


def batch() -> dict[str, object]:
    events = [json.loads(to_structured_event(event("batch")).body) for _ in range(2)]
    return sent({"Content-Type": "application/cloudevents-batch+json"}, json.dumps(events))


def twice() -> dict[str, object]:
    message = to_binary_event(event("twice"))
    sent(message.headers, message.body)
    return sent(message.headers, message.body)


def unknown() -> dict[str, object]:
    message = to_binary_event(event("unknown", "dev.flipbook.video.wished.v1"))
    return sent(message.headers, message.body)


def heard() -> dict[str, object]:
    """An event that the platform sent, read by the SDK."""
    told = json.loads(os.environ["FLIPBOOK_EVENT"])
    found = from_http_event(HTTPMessage(told["headers"], told["body"].encode()))
    return {"type": found.get_type(), "subject": found.get_subject(), "id": found.get_id()}


CHECKS = (binary, structured, batch, twice, unknown, heard)

if __name__ == "__main__":
    for check in CHECKS:
        print(json.dumps({check.__name__: check()}), flush=True)
