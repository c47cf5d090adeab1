"""429 and the RateLimit headers: each key has its own budgets, and hears what is left of them."""

from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.core.access import new_api_key
from shared.telemetry import metrics
from tests.functions.outage import Outage

BODY = {"prompt": "a red cat on the sea"}


@pytest.fixture
def api(settings_with, services, api_key):
    """The app with small budgets, and a call with a key."""
    other = new_api_key()
    settings = settings_with(RATE_LIMIT_CREATE="2/60", RATE_LIMIT="3/60", API_KEYS=f"{api_key} bob={other}")
    client = create_app(settings, services).test_client()

    def call(method, path, key=api_key, **arguments):
        return client.open(path, method=method, headers={"Authorization": f"Bearer {key}"}, **arguments)

    call.client, call.other = client, other
    return call


def test_every_counted_answer_says_what_is_left(api):
    made, found, missing = (
        api("POST", "/v1/videos", json=BODY),
        api("GET", "/v1/videos"),
        api("GET", "/v1/videos/video_x"),
    )

    assert ('"submit";q=2;w=60', '"submit";r=1;t=30') == limits(made)
    assert ('"other";q=3;w=60', '"other";r=2;t=20') == limits(found)
    assert ('"other";q=3;w=60', '"other";r=1;t=40', 404) == (*limits(missing), missing.status_code)


def limits(answer):
    return answer.headers.get("RateLimit-Policy"), answer.headers.get("RateLimit")


def test_who_asks_too_often_is_told_when_to_come_back(api, services):
    before = metrics.RATE_LIMITED.labels("submit")._value.get()
    answers = [api("POST", "/v1/videos", json=BODY) for _ in range(4)]

    assert [202, 202, 429, 429] == [answer.status_code for answer in answers]
    refused = answers[2]
    assert ("rate_limit_exceeded", "application/problem+json") == (refused.json["error"]["code"], refused.content_type)
    assert ("30", "true", '"submit";r=0;t=30') == tuple(
        refused.headers[name] for name in ("Retry-After", "x-should-retry", "RateLimit")
    )
    assert refused.headers["x-request-id"].startswith("req_")
    assert 2 == services.jobs.depth().waiting
    assert 2 == metrics.RATE_LIMITED.labels("submit")._value.get() - before


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/video_x/remix", "/v1/videos/video_x/retry", "/v1/events"])
def test_whatever_makes_videos_is_counted_as_such(api, path):
    assert '"submit";r=1;t=30' == api("POST", path, json={}).headers["RateLimit"]


def test_looking_and_making_are_counted_apart_and_so_are_keys(api):
    assert [202, 202, 429] == [api("POST", "/v1/videos", json=BODY).status_code for _ in range(3)]

    assert 200 == api("GET", "/v1/videos").status_code
    assert 202 == api("POST", "/v1/videos", key=api.other, json=BODY).status_code


def test_a_refused_body_is_not_read(api):
    for _ in range(2):
        api("POST", "/v1/videos", json=BODY)

    assert 429 == api("POST", "/v1/videos", data=b"x" * 100_000).status_code


def test_probes_and_strangers_are_not_counted(api):
    answers = [api.client.get("/healthz"), api.client.get("/v1/videos"), api("GET", "/healthz")]

    assert [200, 401, 200] == [answer.status_code for answer in answers]
    assert [(None, None)] * 3 == [limits(answer) for answer in answers]


def test_each_event_of_a_batch_is_counted(api, services):
    def batch(*ids):
        event = {"specversion": "1.0", "type": "dev.flipbook.video.requested.v1", "source": "/a", "data": BODY}
        return api(
            "POST", "/", json=[event | {"id": i} for i in ids], content_type="application/cloudevents-batch+json"
        )

    assert 400 == batch("1", "2", "3").status_code
    assert 1 == int(api("OPTIONS", "/").status_code == 200)
    assert 0 == services.jobs.depth().waiting
    assert 429 == batch("1", "2").status_code  # one is left
    assert 0 == services.jobs.depth().waiting


def test_a_batch_of_as_many_as_are_left_is_taken(api, services):
    event = {"specversion": "1.0", "type": "dev.flipbook.video.requested.v1", "source": "/a", "data": BODY}
    events = [event | {"id": i} for i in "12"]

    assert 202 == api("POST", "/", json=events, content_type="application/cloudevents-batch+json").status_code
    assert 2 == services.jobs.depth().waiting


def test_a_wait_that_is_too_long_for_a_client_is_not_advised(settings_with, services, auth):
    client = create_app(settings_with(RATE_LIMIT="1/3600"), services).test_client()

    _, refused = (client.get("/v1/videos", headers=auth) for _ in range(2))

    assert (429, "3600", "false") == (
        refused.status_code,
        refused.headers["Retry-After"],
        refused.headers["x-should-retry"],
    )


def test_a_store_that_is_away_leaves_a_share_to_each_process(settings_with, services, auth):
    away = Outage(services.rates, "spend")
    settings = settings_with(RATE_LIMIT="8/60")
    client = create_app(settings, replace(services, rates=away)).test_client()

    answers = [client.get("/v1/videos", headers=auth) for _ in range(3)]

    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert '"other";r=1;t=30' == answers[0].headers["RateLimit"]
    assert 1 == away.tries


def test_who_has_too_many_waiting_is_told_to_come_later(settings_with, auth):
    settings = settings_with(MAX_QUEUED_PER_TENANT="2")
    client = create_app(settings).test_client()

    answers = [client.post("/v1/videos", json=BODY, headers=auth) for _ in range(3)]

    assert [202, 202, 429] == [answer.status_code for answer in answers]
    assert ("queue_full", "30", "true") == (
        answers[2].json["error"]["code"],
        answers[2].headers["Retry-After"],
        answers[2].headers["x-should-retry"],
    )
    assert "you have 2 videos waiting, and 2 are the most" == answers[2].json["detail"]


def test_an_event_for_a_full_queue_is_to_be_sent_again(settings_with, auth):
    client = create_app(settings_with(MAX_QUEUED="1")).test_client()
    event = {"specversion": "1.0", "type": "dev.flipbook.video.requested.v1", "source": "/a", "data": BODY}

    answers = [
        client.post("/", json=event | {"id": i}, headers=auth, content_type="application/cloudevents+json")
        for i in ("1", "2", "1")
    ]

    assert [202, 429, 202] == [answer.status_code for answer in answers]
    assert "30" == answers[1].headers["Retry-After"]
