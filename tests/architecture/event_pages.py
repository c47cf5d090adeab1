"""Writes what the world reads of our events, from shared/core/event_types.py: python -m tests.architecture.event_pages

EventTypes for the cluster, a JSON Schema for each type's data, and docs/events.md with examples.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from pydantic import TypeAdapter

from shared.core import events, wire
from shared.core.event_types import CATALOG, EventType
from shared.core.events import Event
from shared.core.job import (
    CancelRequested,
    Claimed,
    Completed,
    Expired,
    Failed,
    Job,
    JobError,
    advance,
)
from shared.core.progress import Phase, Progress
from shared.core.request import VideoRequest
from tests.architecture.house import ROOT
from tests.stores import OUTPUT

TYPES_FILE, SCHEMAS, PAGE = "eventing/400-event-types.yaml", "eventing/schemas", "docs/events.md"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ID = "video_01KDYQ3W00AAAAAAAAAAAAAAAA"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
YAML_HEAD = """\
# What events there are, for `kubectl get eventtypes` and for who subscribes to them. Nothing depends on it.
# Written by `.venv/bin/python -m tests.architecture.event_pages` from shared/core/event_types.py; a test compares both.
"""
HEAD = """\
# Events

What the platform says and hears as [CloudEvents 1.0](https://github.com/cloudevents/spec): every type, what its data
are, and one of each as it looks on the wire. Who wakes whom, how events are answered and what becomes of dead ones stands in
[`eventing/README.md`](../eventing/README.md).

This page, the EventTypes in [`eventing/400-event-types.yaml`](../eventing/400-event-types.yaml) and the JSON Schemas in
[`eventing/schemas/`](../eventing/schemas) are written by `.venv/bin/python -m tests.architecture.event_pages`; a
test compares them with the code.

## What all of them have

| attribute | what it is |
| --- | --- |
| `source`, `id` | together the event's identity; the same ones again are the same event. Of what we send, `source` is `/flipbook` |
| `subject` | the video's id |
| `dataschema` | names the JSON Schema of the data; its `$id` is the same |
| `sequence` | orders the events of one video, compared as text |
| `correlationid` | the same for all events of a video: its id, or the `correlationid` of the event that asked for it |
| `causationid` | the id of the event that asked for it |
| `traceparent`, `tracestate` | those of the event that asked for it |
| `bell` | on wake-ups only: `ring` |
| `flipbookhops` | on redriven events only: how often in a row |

The data of what we send never hold a prompt, a key or an address of a caller's. New fields may come; a receiver ignores
what it does not know. What changes the meaning of a field comes as `.v2`.
"""


def files() -> dict[str, str]:
    """What is written, by its path in the repository."""
    schemas = {f"{SCHEMAS}/{each.type}.json": json.dumps(schema(each), indent=2) + "\n" for each in CATALOG}
    return {TYPES_FILE: event_types(), PAGE: page(), **schemas}


def schema(each: EventType) -> dict[str, Any]:
    found = untitled(TypeAdapter(each.data).json_schema())
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": events.schema(each.type)}
    return head | {"title": each.type} | found


def untitled(part: Any) -> Any:
    """Without the titles that pydantic makes of names; a property may be called so."""
    if isinstance(part, list):
        return [untitled(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: untitled(value) for key, value in part.items() if key not in ("title", "properties")}
    if "properties" in part:
        kept["properties"] = {name: untitled(value) for name, value in part["properties"].items()}
    return kept


def event_types() -> str:
    return YAML_HEAD + yaml.safe_dump_all(map(event_type, CATALOG), sort_keys=False, width=120)


def event_type(each: EventType) -> dict[str, Any]:
    attributes: list[dict[str, Any]] = [
        {"name": "specversion", "required": True, "value": "1.0"},
        {"name": "type", "required": True, "value": each.type},
        {"name": "source", "required": True, "value": "{source}" if each.comes_from_outside else events.SOURCE},
        {"name": "id", "required": True},
        {"name": "datacontenttype", "required": True, "value": "application/json"},
        {"name": "dataschema", "required": False, "value": events.schema(each.type)},
    ]
    return {
        "apiVersion": "eventing.knative.dev/v1beta3",
        "kind": "EventType",
        "metadata": {"name": each.type.replace(".", "-")},
        "spec": {
            "description": each.summary,
            "reference": {"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "name": "default"},
            "attributes": attributes,
        },
    }


def page() -> str:
    return HEAD + "".join(map(section, CATALOG))


def section(each: EventType) -> str:
    headers, body = wire.to_http(examples()[each.type])
    lines = [f"{name}: {value}" for name, value in headers.items()]
    data = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    about = f"{each.summary} Sent by {each.sender}; heard by {each.hearer}."
    link = f"[Schema of its data](../{SCHEMAS}/{each.type}.json)."
    return "\n".join([f"\n## `{each.type}`\n", f"{about} {link}\n", "```http", *lines, "", data, "```", ""])


def examples() -> dict[str, Event]:
    """One of each type, by it: those of a job's life are made by the code that makes all of them."""
    queued = _job()
    running = advance(queued, Claimed("a"), NOON + SECOND)
    ends = {
        events.COMPLETED: Completed("a", OUTPUT),
        events.FAILED: Failed("a", JobError("out_of_memory", "the drawing did not fit into the GPU's memory")),
    }
    told = [queued, running, *(advance(running, change, NOON + 90 * SECOND) for change in ends.values())]
    told += [advance(queued, change, NOON + SECOND) for change in (CancelRequested(), Expired())]
    made = [event for job in told if (event := events.of(job))]
    step = Progress(attempt="a", phase=Phase.DENOISING, step=12, total_steps=64)
    made += [events.progressed(running, events.TELL_PROGRESS, step, NOON + 40 * SECOND, 2)]
    made += [events.accepted(queued), events.deliveries_due(NOON)]
    asked = Event(id="order-42", source="/orders", type=events.REQUESTED, subject="", time=NOON, data={})
    wish = {"prompt": "a red cat on the sea", "seconds": 2, "seed": 7, "metadata": {"order": "42"}}
    made += [replace(asked, data=wish, extensions={"traceparent": TRACE, "expirytime": "2026-01-02T13:00:00Z"})]
    made += [replace(asked, id="order-42-off", type=events.CANCEL, data={"id": ID})]
    return {event.type: events.rung(event) if event.type == events.QUEUED else event for event in made}


def _job() -> Job:
    request = VideoRequest(
        model="mochi-1-preview",
        prompt="a red cat on the sea",
        negative_prompt="",
        width=848,
        height=480,
        num_frames=61,
        fps=30,
        seed=7,
        num_inference_steps=64,
        guidance_scale=4.5,
    )
    return Job(
        id=ID,
        tenant="default",
        request=request,
        cause="order-42",
        traceparent=TRACE,
        created_at=NOON,
        queued_at=NOON,
        changed_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )


def write() -> None:
    for name, text in files().items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    write()
