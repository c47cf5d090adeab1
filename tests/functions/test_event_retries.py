"""Events on their way to submit over a road that loses some of them: Knative's own retries, no jitter, five at most,
bring each in once; what is wrong in itself is tried once, and becomes one dead letter."""

from datetime import timedelta

import pytest
from cloudevents.v1.conversion import to_binary
from cloudevents.v1.http import CloudEvent

from functions.recover.app import create_app as create_recover
from local import delivery
from local.delivery import NO_RESPONSE, Answer, Journey, Stage
from local.objects import DeliverySpec, Destination

TYPE = "dev.flipbook.video.requested.v1"
SUBMIT = "http://submit.flipbook.svc.cluster.local/v1/events"
SPEC = DeliverySpec(
    retry=5,
    backoff=timedelta(seconds=2),
    timeout=timedelta(seconds=10),
    dead_letter=Destination(kind="Service", namespace="flipbook", name="recover", path="/dead-letters"),
)
WRONG = [
    {"type": "dev.flipbook.video.unheard.v1"},
    {"type": "dev.flipbook.video.requested.v2"},
    {"dataref": "https://example.com/"},
]
FIBONACCI = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144}


class Road:
    """Delivers events as a Broker does. `lost(n, try_)`: what becomes of the n-th request, an event's try_-th."""

    def __init__(self, submit, recover, auth, lost):
        self._submit = submit
        self._recover = recover
        self._auth = auth
        self._lost = lost
        self._requests = 0
        self.arrived = []

    def deliver(self, message):
        journey, tries = Journey(), 0
        while journey.stage is Stage.DELIVER:
            tries += 1
            journey = delivery.after(journey, self._once(message, tries), SPEC, 0)
        while journey.stage is Stage.DEAD_LETTER:
            journey = delivery.after(journey, self._bury(message, journey), SPEC, 0)
        return journey.stage

    def _once(self, message, tries):
        self._requests += 1
        fate = self._lost(self._requests, tries)
        if fate == "request":
            return Answer(status=NO_RESPONSE)
        headers, body = message
        answer = self._submit.post("/v1/events", data=body, headers=headers | self._auth)
        self.arrived.append((headers["ce-id"], answer.status_code))
        return Answer(status=NO_RESPONSE) if fate == "answer" else _read(answer)

    def _bury(self, message, journey):
        headers, body = message
        marks = {"knativeerrordest": SUBMIT, "knativeerrorcode": str(journey.code), "knativeerrordata": journey.data}
        marked = headers | {f"ce-{name}": value for name, value in marks.items()}
        return _read(self._recover.post("/dead-letters", data=body, headers=marked))


def _read(answer):
    return delivery.answer(answer.status_code, answer.headers, answer.data)


def made(event_id, **changes):
    attributes = {"id": event_id, "source": "/orders", "type": TYPE} | changes
    return to_binary(CloudEvent(attributes, {"prompt": "canary"}))


@pytest.mark.parametrize(
    "lost",
    [
        lambda _, tries: "",
        lambda _, tries: "request" if tries <= 5 else "",
        lambda n, _: "request" if n in FIBONACCI else "",
        lambda n, _: "answer" if n in FIBONACCI else "",
        lambda _, tries: ("request", "answer", "request", "answer", "answer", "")[tries - 1],
    ],
    ids=["nothing", "all but the last try", "Fibonacci", "Fibonacci's answers", "this and that"],
)
def test_each_event_counts_once_and_each_wrong_one_is_one_dead_letter(client, services, settings, auth, lost):
    recover = create_recover(settings, services).test_client()
    road = Road(client, recover, auth, lost)
    good = [made(f"e{n}") for n in range(20)]
    wrong = [made(f"w{n}", **fault) for n, fault in enumerate(WRONG)]

    stages = {road.deliver(message) for message in [*good[:10], *wrong, *good[10:], *good[:5]]}

    assert {Stage.DONE} == stages
    assert 20 == services.jobs.depth().waiting == len({job.id for _, job in services.queue.walk(100)})
    letters = [letter for _, letter in services.dead_letters.page(100)]
    assert {("w0", "400", 1), ("w1", "400", 1), ("w2", "400", 1)} == {
        (letter.event_id, letter.last.status, letter.deaths) for letter in letters
    }
    assert {"invalid_event"} == {letter.last.code for letter in letters}
    assert "canary" not in repr(letters)
    refused = [name for name, status in road.arrived if status == 400]
    assert set(refused) == {"w0", "w1", "w2"}


def test_a_wrong_event_arrives_once_where_nothing_is_lost(client, services, settings, auth):
    recover = create_recover(settings, services).test_client()
    road = Road(client, recover, auth, lambda n, tries: "")

    assert Stage.DONE is road.deliver(made("w0", **WRONG[0]))
    assert [("w0", 400)] == road.arrived
