"""Videos asked for by CloudEvents: what is taken, how it is answered, and that no event counts twice."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.submit.app import create_app
from shared.core import wire
from shared.core.access import new_api_key
from shared.core.errors import NotFound
from shared.core.job import CancelRequested
from tests.functions.jobs import complete, queue
from tests.functions.outage import Outage

TOKEN = "t" * 32
TYPE = "dev.flipbook.video.requested.v1"
DATA = {"prompt": "a red cat on the sea"}
GONE = "video_01ARZ3NDEKTSV4RRFFQ69G5FAV"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(params=["/", "/v1/events"])
def path(request):
    return request.param


def headers(**attributes):
    attributes = {"specversion": "1.0", "id": "e1", "source": "/orders", "type": TYPE} | attributes
    return {f"ce-{name}": value for name, value in attributes.items()} | {"Content-Type": "application/json"}


def item(data=DATA, **attributes):
    attributes = {"specversion": "1.0", "id": "e1", "source": "/orders", "type": TYPE} | attributes
    return attributes | {"data": data}


@pytest.fixture
def send(client, auth):
    """One event in binary mode."""

    def post(data=DATA, path="/v1/events", **attributes):
        return client.post(path, data=json.dumps(data), headers=auth | headers(**attributes))

    return post


@pytest.fixture
def send_batch(client, auth):
    def post(*items):
        mode = {"Content-Type": "application/cloudevents-batch+json; charset=UTF-8"}
        return client.post("/v1/events", data=json.dumps(items), headers=auth | mode)

    return post


@pytest.fixture
def videos(client, auth):
    return lambda: client.get("/v1/videos?order=asc", headers=auth).json["data"]


def named(event):
    """What an event says of the one that asked for its job."""
    return {name: value for name, value in event.extensions.items() if name not in ("bell", "sequence")}


def pointers(answer):
    return [error["pointer"] for error in answer.json["errors"]]


def test_an_event_becomes_a_job_and_is_answered_without_a_body(send, videos, path):
    answer = send(DATA | {"seed": 7}, path)

    assert (202, b"") == (answer.status_code, answer.data)
    (video,) = videos()
    assert (DATA["prompt"], 7, "queued") == (video["prompt"], video["seed"], video["status"])


def test_a_structured_event_too(client, auth, videos, path):
    mode = {"Content-Type": "application/cloudevents+json"}

    answer = client.post(path, data=json.dumps(item()), headers=auth | mode)

    assert (202, b"", 1) == (answer.status_code, answer.data, len(videos()))


def test_the_same_event_again_is_taken_and_changes_nothing(send, send_batch, videos, services):
    send()
    before = videos()

    for answer in (send(), send(path="/"), send_batch(item(), item())):
        assert (202, b"") == (answer.status_code, answer.data)
    assert before == videos()
    assert 1 == len(services.publisher.events)


def test_the_same_event_after_its_video_was_deleted_is_taken_and_makes_none(client, auth, send, videos):
    send()
    client.delete(f"/v1/videos/{videos()[0]['id']}", headers=auth)

    assert 202 == send().status_code
    assert [] == videos()


def test_only_source_and_id_together_are_an_identity(send, videos):
    for attributes in ({}, {"id": "e2"}, {"source": "/bills"}, {"source": "/order", "id": "se1"}, {"id": 'a","b'}):
        assert 202 == send(**attributes).status_code

    assert 5 == len(videos())


def test_an_identity_used_again_for_other_data_goes_to_the_dead_letters(send, videos):
    send()

    answer = send({"prompt": "a blue cat"})

    assert (400, "idempotency_mismatch", ["/id"]) == (
        answer.status_code,
        answer.json["error"]["code"],
        pointers(answer),
    )
    assert 1 == len(videos())


def test_a_batch_becomes_one_job_for_each_event(send_batch, videos):
    answer = send_batch(*(item({"prompt": f"cat {n}"}, id=f"e{n}") for n in range(3)))

    assert (202, b"") == (answer.status_code, answer.data)
    assert ["cat 0", "cat 1", "cat 2"] == [video["prompt"] for video in videos()]
    assert 202 == send_batch().status_code


def test_of_a_batch_with_a_wrong_event_none_is_taken_and_every_fault_is_named(send_batch, videos):
    answer = send_batch(
        item(), item({"prompt": "", "typo": 1}, id="e2"), item(id="e3", type="x"), item(id="e4", expirytime="soon")
    )

    assert 400 == answer.status_code
    assert ["/1/data/prompt", "/1/data/typo", "/2/type", "/3/expirytime"] == sorted(pointers(answer))
    assert [] == videos()


def test_a_batch_with_something_that_is_no_event_names_its_place(send_batch, videos):
    answer = send_batch(item(), 7, {"id": "e2"})

    assert (400, "invalid_event") == (answer.status_code, answer.json["error"]["code"])
    assert ["/1", "/2/source", "/2/specversion", "/2/type"] == sorted(pointers(answer))
    assert [] == videos()


def test_the_rest_of_a_batch_is_taken_when_one_event_stands_for_something_else(send, send_batch, videos):
    send()

    answer = send_batch(item({"prompt": "other"}), item({"prompt": "new"}, id="e2"))

    assert (400, ["/0/id"]) == (answer.status_code, pointers(answer))
    assert [DATA["prompt"], "new"] == [video["prompt"] for video in videos()]


@pytest.mark.parametrize(
    ("data", "attributes", "pointer"),
    [
        ({"prompt": ""}, {}, "/data/prompt"),
        ({}, {}, "/data/prompt"),
        (DATA | {"webhook": "https://10.0.0.1/"}, {}, "/data/webhook/url"),
        (DATA, {"type": "dev.flipbook.video.queued.v1"}, "/type"),
        (DATA, {"id": "x" * 256}, "/id"),
        (DATA, {"source": "x" * 256}, "/source"),
        (DATA, {"expirytime": "2026-13-01T00:00:00Z"}, "/expirytime"),
        (DATA, {"expirytime": "2026-01-01T00:00:00"}, "/expirytime"),
        (DATA, {"specversion": "0.3"}, "/specversion"),
        (DATA, {"dataref": "https://example.com/data"}, "/dataref"),
        (DATA, {"correlationid": "x" * 256}, "/correlationid"),
        ([1], {}, "/data"),
    ],
)
def test_a_wrong_event_is_refused_for_good_and_queues_nothing(send, services, data, attributes, pointer):
    answer = send(data, **attributes)

    assert (400, [pointer]) == (answer.status_code, pointers(answer))
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b"7", b"[" * 60000, b'[{"data":' + b"[" * 60000, b"\xff"])
@pytest.mark.parametrize("mode", ["application/cloudevents+json", "application/cloudevents-batch+json"])
def test_what_is_no_json_is_refused_for_good(client, auth, path, body, mode):
    answer = client.post(path, data=body, headers=auth | {"Content-Type": mode})

    assert (400, "invalid_event") == (answer.status_code, answer.json["error"]["code"])


def test_data_that_is_nested_deeply_is_refused_for_good(client, auth):
    for depth in (100, 500, 900, 990, 1000, 2000, 5000):
        text = '{"prompt":' + "[" * depth + "]" * depth + "}"
        whole = json.dumps(item())[:-1].replace(json.dumps(DATA), text) + "}"
        for body, mode in ((text, headers()), (f"[{whole}]", {"Content-Type": "application/cloudevents-batch+json"})):
            answer = client.post("/v1/events", data=body, headers=auth | mode)
            assert 400 == answer.status_code, depth


@pytest.mark.parametrize("mode", ["text/plain", "application/cloudevents+avro", "application/x-www-form-urlencoded"])
def test_another_content_type_is_not_taken(client, auth, path, mode):
    answer = client.post(path, data=b"{}", headers=auth | headers() | {"Content-Type": mode})

    assert 415 == answer.status_code


def test_an_event_may_have_64_kib_and_no_more(send, path):
    assert 400 == send({"prompt": "x" * 65000}, path).status_code
    assert 413 == send({"prompt": "x" * 66000}, path).status_code


@pytest.mark.parametrize(
    ("expirytime", "patience"),
    [(timedelta(hours=1), timedelta(hours=1)), (timedelta(days=9), timedelta(days=1)), (-timedelta(1), timedelta(0))],
)
def test_a_job_leaves_the_queue_when_its_event_expires(send, services, expirytime, patience):
    at = services.jobs.now()
    send(expirytime=(at + expirytime).isoformat().replace("+00:00", "Z"))

    (event,) = services.publisher.events
    job = services.jobs.get(event.subject)
    assert abs(job.expires_at - job.created_at - patience) < timedelta(seconds=5)
    assert (patience == timedelta(0)) == (services.jobs.claim("a", timedelta(1)) is None)


def test_the_events_of_a_job_name_what_caused_them_and_its_trace(send, services):
    send(id="order%2042", traceparent=TRACE, tracestate="a=1,b=2", correlationid="txn-7")
    (queued,) = services.publisher.events
    services.announce(services.jobs.apply(queued.subject, CancelRequested()))

    origin = {"correlationid": "txn-7", "causationid": "order 42", "traceparent": TRACE, "tracestate": "a=1,b=2"}
    assert [origin, origin] == [named(event) for event in services.publisher.events]


@pytest.mark.parametrize("trace", [{"traceparent": "00-xyz"}, {"tracestate": "a=1"}])
def test_a_trace_of_no_known_form_is_left_out(send, services, trace):
    send(**trace)

    (event,) = services.publisher.events
    assert {"correlationid": event.subject, "causationid": "e1"} == named(event)


def test_a_long_tracestate_is_left_out_and_its_trace_is_not(send, services):
    send(traceparent=TRACE, tracestate="a=" + "x" * 511)

    (event,) = services.publisher.events
    assert {"correlationid": event.subject, "causationid": "e1", "traceparent": TRACE} == named(event)


class TestHandshake:
    def test_senders_get_the_leave_that_they_ask_for(self, client, auth, path):
        asked = {"WebHook-Request-Origin": "orders.example.com", "WebHook-Request-Rate": "120"}

        answer = client.options(path, headers=auth | asked)

        assert (200, b"") == (answer.status_code, answer.data)
        assert ("GET, HEAD, POST, OPTIONS" if path == "/" else "POST, OPTIONS") == answer.headers["Allow"]
        assert "orders.example.com" == answer.headers["WebHook-Allowed-Origin"]
        assert "120" == answer.headers["WebHook-Allowed-Rate"]

    @pytest.mark.parametrize("asked", [{}, {"WebHook-Request-Origin": "a b<c>", "WebHook-Request-Rate": "many"}])
    def test_who_asks_for_nothing_that_can_be_read_may_send_all(self, client, auth, path, asked):
        answer = client.options(path, headers=auth | asked)

        assert ("*", "*") == (answer.headers["WebHook-Allowed-Origin"], answer.headers["WebHook-Allowed-Rate"])


class TestCancel:
    CANCEL = "dev.flipbook.video.cancel.v1"

    def test_a_video_that_is_named_is_cancelled(self, send, videos):
        send()
        (video,) = videos()

        for _ in range(2):
            answer = send({"id": video["id"]}, id="c1", type=self.CANCEL)
            assert (202, b"") == (answer.status_code, answer.data)
        assert ["cancelled"] == [video["state"] for video in videos()]

    def test_its_worker_hears_of_it(self, send, videos, services, settings):
        send()
        (video,) = videos()
        services.jobs.claim("a", settings.lease)

        assert 202 == send({"id": video["id"]}, id="c1", type=self.CANCEL).status_code
        assert ["cancelling"] == [video["state"] for video in videos()]

    def test_one_that_is_over_stays_as_it_is(self, send, videos, services, settings):
        send()
        (video,) = videos()
        complete(services, settings, video["id"])

        assert 202 == send({"id": video["id"]}, id="c1", type=self.CANCEL).status_code
        assert ["completed"] == [video["state"] for video in videos()]

    @pytest.mark.parametrize(
        ("data", "wrong"),
        [
            ({}, ["/data/id"]),
            ({"id": 7}, ["/data/id"]),
            ({"id": "video_01ARZ3NDEKTSV4RRFFQ69G5FA"}, ["/data/id"]),
            ({"id": "video_01ARZ3NDEKTSV4RRFFQ69G5FAV\n"}, ["/data/id"]),
            ({"id": "", "why": "x"}, ["/data/id", "/data/why"]),
            ({"id": GONE, "a/b~\ud800": 1}, ["/data/a~1b~0?"]),
        ],
    )
    def test_what_cannot_be_the_id_of_a_video_is_refused_for_good(self, send, data, wrong):
        answer = send(data, id="c1", type=self.CANCEL)

        assert (400, wrong) == (answer.status_code, pointers(answer))

    def test_the_same_event_after_its_video_was_deleted_is_taken(self, client, auth, send, send_batch, videos):
        send()
        (video,) = videos()
        cancel = {"id": video["id"]}
        send(cancel, id="c1", type=self.CANCEL)
        client.delete(f"/v1/videos/{video['id']}", headers=auth)

        again = [send(cancel, id="c1", type=self.CANCEL), send_batch(item(cancel, id="c1", type=self.CANCEL), item())]
        assert [(202, b"")] * 2 == [(answer.status_code, answer.data) for answer in again]
        assert [] == videos()

    def test_one_that_is_deleted_while_its_event_is_read_is_no_fault(self, settings, services, auth, send):
        """404 would be repeated by Knative."""
        job = queue(services)

        class Deleted(Outage):
            def apply(self, *words):
                raise NotFound("there is no such job")

        client = create_app(settings, replace(services, jobs=Deleted(services.jobs, ""))).test_client()
        shown = auth | headers(id="c1", type=self.CANCEL)

        assert 202 == client.post("/", data=json.dumps({"id": job.id}), headers=shown).status_code

    def test_another_tenant_s_video_is_as_one_that_never_was(self, send, services):
        job = queue(services, tenant="ada")

        answers = [send({"id": name}, id="c1", type=self.CANCEL) for name in (job.id, GONE)]

        assert [(202, b"")] * 2 == [(answer.status_code, answer.data) for answer in answers]
        assert job == services.jobs.get(job.id)

    def test_in_a_batch_it_stands_beside_others_and_nothing_happens_if_one_is_wrong(self, send, send_batch, videos):
        send()
        cancel = item({"id": videos()[0]["id"]}, id="c1", type=self.CANCEL)

        assert 400 == send_batch(cancel, item({}, id="e2")).status_code
        assert ["queued"] == [video["state"] for video in videos()]
        assert 202 == send_batch(cancel, item(id="e2")).status_code
        assert ["cancelled", "queued"] == [video["state"] for video in videos()]


class TestReply:
    @pytest.fixture
    def ask(self, client, auth):
        def post(data=DATA, prefer="reply", **attributes):
            shown = auth | headers(**attributes) | {"Prefer": prefer}
            return client.post("/", data=json.dumps(data), headers=shown)

        return post

    def test_who_prefers_a_reply_gets_the_event_that_names_the_video(self, ask, videos):
        answer = ask(traceparent=TRACE)
        again = ask()

        reply = wire.from_http(answer.headers, answer.data)
        (video,) = videos()
        assert (200, "dev.flipbook.video.accepted.v1", video["id"]) == (answer.status_code, reply.type, reply.subject)
        assert {"correlationid": video["id"], "causationid": "e1", "traceparent": TRACE} == reply.extensions
        assert {"id": video["id"], "object": "video", "model": video["model"], "created_at": video["created_at"]} == (
            reply.data
        )
        assert answer.data == again.data

    @pytest.mark.parametrize("prefer", ["", "wait=5", "replying", "no-reply"])
    def test_who_does_not_gets_none(self, ask, prefer):
        answer = ask(prefer=prefer)

        assert (202, b"") == (answer.status_code, answer.data)

    def test_there_is_none_for_a_cancellation_or_a_video_that_was_deleted(self, ask, client, auth, videos):
        ask()
        (video,) = videos()
        cancelled = ask({"id": video["id"]}, id="c1", type=TestCancel.CANCEL)
        client.delete(f"/v1/videos/{video['id']}", headers=auth)

        for answer in (cancelled, ask()):
            assert (202, b"") == (answer.status_code, answer.data)


class TestToken:
    @pytest.fixture
    def guarded(self, settings_with, services):
        return create_app(settings_with(EVENT_TOKEN=TOKEN), services).test_client()

    def test_it_opens_the_event_routes_and_no_others(self, guarded, path):
        shown = {"X-Flipbook-Event-Token": TOKEN}

        assert 202 == guarded.post(path, data=json.dumps(DATA), headers=headers() | shown).status_code
        assert 200 == guarded.options(path, headers=shown).status_code
        for closed in ("/v1/videos", "/metrics", "/nowhere"):
            assert 401 == guarded.get(closed, headers=shown).status_code

    @pytest.mark.parametrize("shown", [{}, {"X-Flipbook-Event-Token": ""}, {"X-Flipbook-Event-Token": "t" * 31}])
    def test_nothing_else_does_but_a_key(self, guarded, auth, path, shown):
        for method in ("POST", "OPTIONS"):
            assert 401 == guarded.open(path, method=method, headers=headers() | shown).status_code
            wrong = {"Authorization": f"Bearer {new_api_key()}"}
            assert 401 == guarded.open(path, method=method, headers=headers() | shown | wrong).status_code
        assert 202 == guarded.post(path, data=json.dumps(DATA), headers=headers() | shown | auth).status_code

    def test_where_none_is_set_an_empty_one_opens_nothing(self, client, path):
        answer = client.post(path, data=json.dumps(DATA), headers=headers() | {"X-Flipbook-Event-Token": ""})

        assert 401 == answer.status_code
