"""Every answer of the event routes, held against what Knative does with it: what may get better is repeated, and
nothing else is (Eventing data plane, "Event Acknowledgement and Delivery Retry"; local/delivery.py has its rule)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cloudevents.v1.conversion import to_binary, to_json, to_structured
from cloudevents.v1.http import CloudEvent

from functions.submit.app import create_app
from local import delivery
from local.delivery import Journey, Stage
from local.objects import DeliverySpec, Destination
from shared import wiring
from shared.core.access import new_api_key
from shared.core.errors import Conflict
from tests.functions.outage import Outage

TYPE = "dev.flipbook.video.requested.v1"
DATA = {"prompt": "a red cat on the sea"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
SPEC = DeliverySpec(
    retry=5,
    backoff=timedelta(seconds=2),
    timeout=timedelta(seconds=10),
    dead_letter=Destination(kind="Service", namespace="flipbook", name="recover", path="/dead-letters"),
)


def made(data=DATA, **attributes):
    return CloudEvent({"id": "e1", "source": "/orders", "type": TYPE} | attributes, data)


def batch(*made_):
    return BATCH, b"[" + b",".join(map(to_json, made_)) + b"]"


MODES = {
    "binary": lambda: to_binary(made()),
    "structured": lambda: to_structured(made()),
    "batch": lambda: batch(made(), made(id="e2")),
}


@pytest.fixture
def post(client, auth):
    def send(message, path="/", **shown):
        headers, body = message
        return client.post(path, data=body, headers=(shown or auth) | dict(headers))

    return send


@pytest.mark.parametrize("path", ["/", "/v1/events"])
@pytest.mark.parametrize("mode", MODES)
def test_what_the_cloudevents_package_sends_is_stored_and_answered_without_a_body(post, services, mode, path):
    for _ in range(2):
        answer = post(MODES[mode](), path)
        assert (202, b"") == (answer.status_code, answer.data)

    assert (2 if mode == "batch" else 1) == services.jobs.depth().waiting


BAD = {
    "no JSON": (400, ({"content-type": "application/cloudevents+json"}, b"{")),
    "no CloudEvent": (400, ({"content-type": "application/json"}, b"{}")),
    "an unknown version": (400, (to_binary(made())[0] | {"ce-specversion": "0.2"}, b"{}")),
    "an unknown type": (400, to_binary(made(type="dev.flipbook.video.queued.v1"))),
    "a wrong field": (400, to_structured(made({"prompt": ""}))),
    "data elsewhere": (400, to_binary(made(dataref="https://example.com/x"))),
    "a video that is not there": (400, to_binary(made({"id": "video_x"}, type="dev.flipbook.video.cancel.v1"))),
    "one wrong event of two": (400, batch(made(), made({}, id="e2"))),
    "too much": (413, to_binary(made({"prompt": "x" * 70000}))),
    "a strange type": (415, (to_binary(made())[0] | {"content-type": "text/plain"}, b"{}")),
}


@pytest.mark.parametrize("path", ["/", "/v1/events"])
@pytest.mark.parametrize("fault", BAD)
def test_what_can_never_be_right_is_tried_once_and_kept_aside(post, services, fault, path):
    status, message = BAD[fault]
    answer = post(message, path)
    after = delivery.after(Journey(), delivery.answer(answer.status_code, answer.headers, answer.data), SPEC, 0)

    assert (status, Stage.DEAD_LETTER, status) == (answer.status_code, after.stage, after.code)
    assert "application/problem+json" == answer.content_type
    assert 0 == services.jobs.depth().waiting


def test_data_under_the_identity_of_another_event_is_kept_aside_too(post):
    post(to_binary(made()))

    answer = post(to_binary(made({"prompt": "another"})))

    assert (400, False) == (answer.status_code, delivery.Answer(status=answer.status_code).retriable)


@pytest.mark.parametrize("path", ["/", "/v1/events"])
def test_who_may_not_send_is_not_asked_to_try_again(settings_with, services, path):
    reader = new_api_key()
    client = create_app(settings_with(API_KEYS=f"acme:videos:read={reader}"), services).test_client()
    headers, body = to_binary(made())
    for shown, status in (({}, 401), ({"Authorization": f"Bearer {reader}"}, 403)):
        answer = client.post(path, data=body, headers=headers | shown)
        assert (status, False) == (answer.status_code, delivery.Answer(status=status).retriable)


@pytest.mark.parametrize(("path", "page"), [("/", {"GET", "HEAD"}), ("/v1/events", set())])
def test_another_method_is_405_and_never_404(client, auth, path, page):
    """People find the page where events go."""
    for method in {"GET", "PUT", "DELETE"} - page:
        answer = client.open(path, method=method, headers=auth)
        assert (405, {"OPTIONS", "POST"} | page) == (answer.status_code, set(answer.headers["Allow"].split(", ")))


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_while_the_store_is_away_an_event_is_repeated_until_it_counts_once(settings, services, auth, mode, answered):
    jobs = Outage(services.jobs, "create", times=3, answered=answered)
    client = create_app(settings, replace(services, jobs=jobs)).test_client()
    headers, body = MODES[mode]()
    statuses, journey = [], Journey()
    while journey.stage is Stage.DELIVER:
        answer = client.post("/", data=body, headers=auth | dict(headers))
        statuses.append(answer.status_code)
        assert (answer.status_code == 503) == ("Retry-After" in answer.headers)
        journey = delivery.after(journey, delivery.answer(answer.status_code, answer.headers, answer.data), SPEC, 0)

    assert ([503, 503, 503, 202], Stage.DONE) == (statuses, journey.stage)
    assert (2 if mode == "batch" else 1) == services.jobs.depth().waiting


def test_a_conflict_that_is_not_the_sender_s_is_one_that_knative_repeats_for_a_while(settings, services, auth):
    class Crowded(Outage):
        """A store in which another job has the new one's id, the first time."""

        def create(self, *words, **named):
            self.tries += 1
            if self.tries == 1:
                raise Conflict("there is another job", code="job_exists")
            return services.jobs.create(*words, **named)

    client = create_app(settings, replace(services, jobs=Crowded(services.jobs, ""))).test_client()
    headers, body = to_binary(made())

    answers = [client.post("/", data=body, headers=auth | headers) for _ in range(2)]

    assert [503, 202] == [answer.status_code for answer in answers]
    assert "Retry-After" in answers[0].headers


def test_a_cancellation_is_repeated_while_the_store_is_away(settings, services, auth, post):
    post(to_binary(made()))
    (queued,) = services.publisher.events
    cancel = to_binary(made({"id": queued.subject}, id="c1", type="dev.flipbook.video.cancel.v1"))
    client = create_app(settings, replace(services, jobs=Outage(services.jobs, "apply", times=1))).test_client()

    answers = [client.post("/", data=cancel[1], headers=auth | dict(cancel[0])) for _ in range(3)]

    assert [503, 202, 202] == [answer.status_code for answer in answers]
    assert "cancelled" == services.jobs.get(queued.subject).state


def test_a_reply_is_an_event_that_the_broker_takes_back(client, auth):
    headers, body = to_binary(made())

    answer = client.post("/", data=body, headers=auth | headers | {"Prefer": "reply"})

    taken = delivery.answer(answer.status_code, answer.headers, answer.data)
    assert taken.accepted
    assert "dev.flipbook.video.accepted.v1" == taken.reply.attributes["type"]
    assert json.loads(body) == DATA


@pytest.mark.parametrize(
    "limit", [{"RATE_LIMIT_CREATE": "2/3600"}, {"MAX_QUEUED": "2"}, {"MAX_QUEUED_PER_TENANT": "2"}]
)
def test_who_sends_too_much_is_asked_to_come_again_and_nothing_is_lost(settings_with, auth, limit):
    settings = settings_with(**limit)
    built = wiring.build(settings)
    client = create_app(settings, built).test_client()
    for n in range(2):
        headers, body = to_binary(made(id=f"e{n}"))
        assert 202 == client.post("/", data=body, headers=auth | headers).status_code

    headers, body = to_binary(made(id="e2"))
    refused = client.post("/", data=body, headers=auth | headers)

    assert (429, True) == (refused.status_code, delivery.Answer(status=429).retriable)
    assert int(refused.headers["Retry-After"]) >= 1
    assert 2 == built.jobs.depth().waiting
    built.close()
