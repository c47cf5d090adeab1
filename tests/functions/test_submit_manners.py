"""What a request says beside its body: in headers and in the query."""

import pytest

from functions.submit.app import create_app
from shared.core.access import Scope, new_api_key
from shared.core.priority import Priority

BODY = {"prompt": "a red cat on the sea"}
URL = "http://127.0.0.1:9/hook"
LENIENT = {"Prefer": "handling=lenient"}


def job_of(services, answer):
    assert 202 == answer.status_code, answer.json
    return services.jobs.get(answer.json["id"])


def pointers(answer):
    assert 400 == answer.status_code
    return [error["pointer"] for error in answer.json["errors"]]


@pytest.fixture
def post(client, auth):
    def send(body=BODY, query="", **headers):
        return client.post(f"/v1/videos{query}", json=body, headers=auth | headers)

    return send


def test_every_term_is_kept_with_the_job_and_told(client, auth, services):
    terms = {"priority": "low", "preview": True, "seconds": "0.4", "output": {"crf": 20}}
    answer = client.post("/v1/videos", json=BODY | terms | {"queue_ttl_seconds": 60}, headers=auth)

    job = job_of(services, answer)
    assert (Priority.LOW, True, 20, 0.4) == (
        job.terms.priority,
        job.terms.preview,
        job.terms.crf,
        job.terms.asked_seconds,
    )
    assert 60 == (job.expires_at - job.created_at).total_seconds()
    told = {name: answer.json[name] for name in ("priority", "preview", "seconds_requested", "seconds")}
    assert {"priority": "low", "preview": True, "seconds_requested": 0.4, "seconds": "0.43"} == told


def test_fals_words_for_the_callback_and_the_time_to_start_are_understood(post, services):
    job = job_of(services, post(query=f"?fal_webhook={URL}", **{"X-Fal-Request-Timeout": "29.5"}))

    assert URL == job.webhook.url
    assert 30 == (job.expires_at - job.created_at).total_seconds()


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "1e3", "", "99999999", "\N{ARABIC-INDIC DIGIT NINE}"])
def test_a_time_to_start_that_is_none_is_refused(post, seconds):
    assert ["/queue_ttl_seconds"] == pointers(post(**{"X-Fal-Request-Timeout": seconds}))


@pytest.mark.parametrize(
    ("after", "seconds"), [("90s", 90), ("5m", 300), ("1h30m45s", 5445), ("2h", 7200), ("45", 45), ("0.5", 1)]
)
def test_replicates_words_for_the_time_of_the_whole_job_are_understood(post, services, after, seconds):
    answer = post(**{"Cancel-After": after})

    job = job_of(services, answer)
    assert seconds == job.terms.timeout.total_seconds()
    assert int(job.deadline.timestamp()) == answer.json["deadline_at"]


@pytest.mark.parametrize("after", ["0s", "5 m", "m", "1d", "-5s", "30m1h", "999h", ""])
def test_a_time_of_the_whole_job_that_is_none_is_refused(post, after):
    assert ["/timeout_seconds"] == pointers(post(**{"Cancel-After": after}))


def test_two_words_for_one_thing_are_refused_wherever_they_stand(post):
    twice = post(BODY | {"webhook": URL}, query=f"?fal_webhook={URL}")
    thrice = post(query=f"?fal_webhook={URL}", **{"X-Callback-Url": URL})

    assert ["/webhook"] == pointers(twice) == pointers(thrice)
    assert "?fal_webhook=" in twice.json["detail"]


def test_a_lenient_caller_is_told_what_was_passed_over(post):
    unknown = BODY | {"colour": "red", "extra_body": {"style": "noir"}}

    assert ["/colour", "/style"] == pointers(post(unknown))
    answer = post(unknown, **LENIENT)
    assert (202, ["colour", "style"]) == (answer.status_code, answer.json["ignored_params"])
    assert "handling=lenient" == answer.headers["Preference-Applied"]


def test_a_lenient_caller_without_unknown_fields_hears_of_none(post):
    answer = post(**LENIENT)

    assert "ignored_params" not in answer.json
    assert "handling=lenient" == answer.headers["Preference-Applied"]


@pytest.mark.parametrize("prefer", ["handling=strict", "lenient", "x=handling=lenient", "handling=lenienty"])
def test_who_does_not_ask_for_it_in_these_words_is_read_strictly(post, prefer):
    assert ["/colour"] == pointers(post(BODY | {"colour": "red"}, Prefer=prefer))


@pytest.mark.parametrize(
    "prefer", ['handling="lenient"', "respond-async, Handling=Lenient; x=1", "wait=1,handling=lenient"]
)
def test_the_preference_may_stand_among_others(client, auth, services, prefer):
    job_id = client.post("/v1/videos", json=BODY, headers=auth).json["id"]
    remix = client.post(f"/v1/videos/{job_id}/remix", json=BODY | {"a": 1}, headers=auth | {"Prefer": prefer})

    assert (202, ["a"]) == (remix.status_code, remix.json["ignored_params"])
    assert "handling=lenient" in remix.headers.getlist("Preference-Applied")


def test_a_replay_names_them_again(post):
    key = {"Idempotency-Key": "k"}
    first, again = (post(BODY | {"colour": "red"}, **LENIENT, **key) for _ in range(2))

    assert (200, first.json["id"], ["colour"]) == (again.status_code, again.json["id"], again.json["ignored_params"])


@pytest.mark.parametrize("scopes", ["videos:write", "videos:write+videos:priority"])
def test_high_priority_needs_a_scope_of_its_own(settings_with, services, scopes):
    key = new_api_key()
    client = create_app(settings_with(API_KEYS=f"ada:{scopes}={key}"), services).test_client()
    auth = {"Authorization": f"Bearer {key}"}

    answers = {p: client.post("/v1/videos", json=BODY | {"priority": p}, headers=auth) for p in Priority}

    may = Scope.PRIORITY in scopes.split("+")
    assert [202, 202, 202 if may else 400] == [answers[p].status_code for p in Priority]


def test_an_ordinary_key_retries_an_urgent_job_as_a_usual_one(settings_with, services):
    keys = {scopes: new_api_key() for scopes in ("videos:write+videos:priority", "videos:write")}
    words = " ".join(f"ada:{scopes}={key}" for scopes, key in keys.items())
    client = create_app(settings_with(API_KEYS=words), services).test_client()
    urgent, usual = ({"Authorization": f"Bearer {key}"} for key in keys.values())
    body = BODY | {"priority": "high", "queue_ttl_seconds": 60}
    origin = client.post("/v1/videos", json=body, headers=urgent).json["id"]
    client.post(f"/v1/videos/{origin}/cancel", headers=usual)

    retried = [client.post(f"/v1/videos/{origin}/retry", headers=auth).json for auth in (urgent, usual)]

    assert ["high", "normal"] == [video["priority"] for video in retried]
    jobs = [services.jobs.get(video["id"]) for video in retried]
    assert [60, 60] == [(job.expires_at - job.created_at).total_seconds() for job in jobs]


def test_a_remix_has_its_own_terms_but_for_those_that_make_the_file(client, auth, services):
    body = BODY | {"output": {"crf": 20}, "seconds": "0.4", "priority": "low"}
    origin = client.post("/v1/videos", json=body, headers=auth).json["id"]

    remix = client.post(f"/v1/videos/{origin}/remix", json={"prompt": "x", "preview": True}, headers=auth)

    terms = job_of(services, remix).terms
    assert (20, 0.4, Priority.NORMAL, True) == (terms.crf, terms.asked_seconds, terms.priority, terms.preview)


def test_a_retry_keeps_the_terms(client, auth, services):
    origin = client.post("/v1/videos", json=BODY | {"priority": "high", "output": {"crf": 20}}, headers=auth).json["id"]
    client.post(f"/v1/videos/{origin}/cancel", headers=auth)

    retried = client.post(f"/v1/videos/{origin}/retry", headers=auth)

    assert services.jobs.get(origin).terms == job_of(services, retried).terms


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("POST /v1/videos", BODY),
        ("PUT /v1/videos/my-film", BODY),
        ("POST /v1/videos/{origin}/remix", BODY),
        ("POST /v1/videos/batch", {"requests": [BODY]}),
    ],
)
def test_a_video_belongs_to_the_trace_of_its_request(client, auth, services, route, body):
    origin = client.post("/v1/videos", json=BODY, headers=auth).json["id"]
    trace = {"traceparent": TRACE, "tracestate": "a=1,b=2"}

    method, url = route.format(origin=origin).split()
    answer = client.open(url, method=method, json=body, headers=auth | trace)

    assert 202 == answer.status_code, answer.json
    job = services.jobs.get(answer.json["data"][0]["id"] if "data" in answer.json else answer.json["id"])
    assert (TRACE, "a=1,b=2") == (job.traceparent, job.tracestate)


@pytest.mark.parametrize("trace", [{"traceparent": "00-xyz"}, {"tracestate": "a=1"}])
def test_a_trace_of_no_known_form_is_left_out(post, services, trace):
    job = job_of(services, post(**trace))
    assert (None, None) == (job.traceparent, job.tracestate)


def test_a_retry_in_a_span_of_its_own_is_the_same_request(post):
    first = post(**{"x-stainless-retry-count": "0", "traceparent": TRACE})
    again = post(**{"x-stainless-retry-count": "1", "traceparent": OTHER})

    assert (200, first.json["id"]) == (again.status_code, again.json["id"])


@pytest.mark.parametrize(
    ("said", "kept"),
    [(False, (False, 5)), (None, (False, 5)), (True, (True, 5)), ({}, (True, 5)), ({"every": 2}, (True, 2))],
)
def test_a_preview_is_wanted_or_not_and_as_often_as_it_says(post, services, said, kept):
    terms = job_of(services, post(BODY | {"preview": said})).terms
    assert kept == (terms.preview, terms.preview_every.total_seconds())


def test_a_form_says_so_too(client, auth, services):
    for form in ({"preview": "true"}, {"preview[every]": "5"}):
        answer = client.post("/v1/videos", data=BODY | form, headers=auth)
        assert job_of(services, answer).terms.preview


@pytest.mark.parametrize(
    ("said", "pointer"),
    [(1, ""), ("yes", ""), ([], ""), ({"every": 0}, "/every"), ({"every": 601}, "/every"), ({"steps": 2}, "/steps")],
)
def test_another_preview_is_told_what_is_wrong_with_it(post, said, pointer):
    assert [f"/preview{pointer}"] == pointers(post(BODY | {"preview": said}))
