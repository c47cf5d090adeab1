"""A finished video goes where its caller wanted it (`output.upload_url`), whatever breaks on the way, or says why not."""

import logging
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from functions.notify import uploader
from functions.notify.handler import Courier
from functions.notify.postman import Postman
from functions.submit.app import create_app
from shared.core.delivery import SCHEDULE, DeliveryState, Kind
from shared.core.errors import Unavailable
from shared.core.job import CancelRequested, JobState
from tests.callbacks import answer
from tests.functions.jobs import complete, queue
from tests.functions.outage import Outage
from tests.functions.studio import Hold
from tests.peers import closed_port, peer
from tests.receiver import Receiver
from tests.stores import Clock, memory_stores

VIDEO = b"an MP4 " * 100_000
SECRET = "X-Amz-Signature=5ec2e7"


@pytest.fixture
def settings_with(settings_with):
    return lambda **variables: settings_with(**{"UPLOAD_HOSTS": "127.0.0.1 *.example.com"} | variables)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def services(services, clock):
    stores = memory_stores(clock)
    return replace(services, jobs=stores.jobs, deliveries=stores.deliveries, endpoints=stores.endpoints)


@pytest.fixture
def postman(services, settings):
    return Postman(services, settings)


def finished(services, settings, url, **changes):
    job = queue(services, upload_url=f"{url}?{SECRET}", **changes)
    return complete(services, settings, job.id, VIDEO)


def round_(services, postman):
    """Try all that is due now; how many that were."""
    taken = services.deliveries.take(timedelta(seconds=30), limit=100)
    for delivery in taken:
        postman.deliver(delivery)
    return len(taken)


def the_upload(services, job):
    [found] = [each for each in services.deliveries.of_job(job.id) if each.kind is Kind.UPLOAD]
    return found


def test_the_video_is_put_there_once_it_is_completed(client, auth, services, settings, postman):
    with Receiver(200) as there, Receiver(204) as hook:
        body = {"prompt": "a red cat", "output": {"upload_url": f"{there.url}?{SECRET}"}, "webhook": hook.url}
        asked = client.post("/v1/videos", json=body, headers=auth)
        complete(services, settings, asked.json["id"], VIDEO)
        assert 2 == round_(services, postman)
        [(headers, sent)] = there.received

    assert (202, there.url) == (asked.status_code, asked.json["upload_url"])
    assert VIDEO == sent
    assert (["PUT"], ["POST"]) == (there.methods, hook.methods)
    assert ("video/mp4", str(len(VIDEO))) == (headers["content-type"], headers["content-length"])
    assert "webhook-signature" not in headers
    assert 1 == len(hook.received)
    page = client.get(f"/v1/videos/{asked.json['id']}/deliveries", headers=auth).json
    shown = {each["kind"]: each for each in page["data"]}
    assert {"callback", "upload"} == set(shown)
    assert ("delivered", there.url, ["http_2xx"]) == (
        *(shown["upload"][name] for name in ("status", "url")),
        [each["outcome"] for each in shown["upload"]["attempts"]],
    )


def test_who_gets_no_video_has_nothing_sent(services, postman):
    with Receiver() as there:
        job = queue(services, upload_url=there.url)
        services.jobs.apply(job.id, CancelRequested())
        assert 0 == round_(services, postman)
    assert [] == services.deliveries.of_job(job.id)


def test_a_retry_is_sent_where_the_first_was_to_go(client, auth, services):
    job = queue(services, upload_url="http://127.0.0.1:9/a?b=c")
    services.jobs.apply(job.id, CancelRequested())

    again = client.post(f"/v1/videos/{job.id}/retry", headers=auth).json

    assert "http://127.0.0.1:9/a?b=c" == services.jobs.get(again["id"]).upload_url


def test_a_remix_goes_where_it_says_itself(client, auth, services):
    origin = queue(services, upload_url="http://127.0.0.1:9/a")
    path = f"/v1/videos/{origin.id}/remix"

    silent = client.post(path, json={"prompt": "x"}, headers=auth).json
    spoken = client.post(path, json={"prompt": "x", "output": {"upload_url": "http://127.0.0.1:9/b"}}, headers=auth)
    wrong = client.post(path, json={"prompt": "x", "output": {"crf": 20}}, headers=auth)

    assert (None, "http://127.0.0.1:9/b") == (silent["upload_url"], spoken.json["upload_url"])
    assert (400, "/output/crf") == (wrong.status_code, wrong.json["errors"][0]["pointer"])


class TestWhatIsRefused:
    def ask(self, client, auth, url, **more):
        answer = client.post("/v1/videos", json={"prompt": "x", "output": {"upload_url": url}} | more, headers=auth)
        error = answer.json["errors"][0]
        return answer.status_code, answer.json["error"]["code"], error["pointer"], error["detail"]

    def test_everything_where_no_host_is_named(self, settings_with, services, auth):
        client = create_app(settings_with(UPLOAD_HOSTS=""), services).test_client()
        status, code, pointer, detail = self.ask(client, auth, "https://bucket.example.com/a")
        assert (400, "unsupported_feature", "/output/upload_url") == (status, code, pointer)
        assert "UPLOAD_HOSTS" in detail

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com/a",
            "https://bucket.example.com.evil.net/",
            "https://evil.net#.example.com",
            "https://evil.net/?.example.com",
            "https://user@evil.net",
            "https://127.0.0.1.evil.net/",
            "https://[::1",
            "no URL",
        ],
    )
    def test_another_host_than_those_that_are_named(self, client, auth, url):
        status, code, pointer, detail = self.ask(client, auth, url)
        assert (400, "invalid_parameter", "/output/upload_url") == (status, code, pointer)
        assert "127.0.0.1, *.example.com" in detail

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1/a", "http://a@127.0.0.1/", "https://127.0.0.1/#a"])
    def test_a_url_that_no_callback_may_have_either(self, client, auth, url):
        assert (400, "ssrf_blocked", "/output/upload_url") == self.ask(client, auth, url)[:3]

    def test_an_address_inside_although_its_host_is_named(self, settings_with, services, auth):
        client = create_app(settings_with(UPLOAD_HOSTS="*"), services).test_client()
        assert (400, "ssrf_blocked") == self.ask(client, auth, "https://169.254.169.254/latest")[:2]

    def test_a_video_that_may_be_there_already(self, client, auth):
        status, code, pointer, _ = self.ask(client, auth, "http://127.0.0.1:9/a", cache="use", seed=1)
        assert (400, "invalid_parameter", "/output/upload_url") == (status, code, pointer)


class TestFaults:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 412])
    def test_a_refusal_is_final_and_the_job_stays_completed(self, services, settings, postman, status):
        with Receiver(status) as there:
            job = finished(services, settings, there.url)
            round_(services, postman)
        found = the_upload(services, job)
        assert (DeliveryState.ABANDONED, 1, status) == (found.state, found.attempts, found.last_status)
        assert JobState.COMPLETED is services.jobs.get(job.id).state

    @pytest.mark.parametrize("status", [307, 408, 429, 500, 503])
    def test_what_may_pass_is_tried_on_the_schedule_of_callbacks(self, services, settings, postman, clock, status):
        with Receiver(status, 200) as there:
            job = finished(services, settings, there.url)
            round_(services, postman)
            assert 0 == round_(services, postman)
            clock.forward(SCHEDULE[0] * 1.2)
            assert 1 == round_(services, postman)
            assert [VIDEO, VIDEO] == [body for _, body in there.received]
        found = the_upload(services, job)
        assert (DeliveryState.DELIVERED, [status, 200]) == (found.state, [post.status for post in found.posts])

    def test_it_ends_with_its_schedule(self, services, settings, postman, clock):
        job = finished(services, settings, f"http://127.0.0.1:{closed_port()}/")
        tries = 0
        while (due := services.deliveries.next_due()) is not None:
            clock.forward(max(due - services.jobs.now(), timedelta(0)))
            tries += round_(services, postman)
        assert (10, DeliveryState.ABANDONED) == (tries, the_upload(services, job).state)

    def test_a_redirect_is_not_followed(self, services, settings, postman):
        with Receiver() as elsewhere, peer(answer("307 Temporary", f"Location: {elsewhere.url}")) as there:
            finished(services, settings, there.url)
            round_(services, postman)
            assert [] == elsewhere.received

    def test_who_never_reads_or_never_answers_costs_one_deadline(self, settings_with, services):
        settings = settings_with(UPLOAD_TIMEOUT_SECONDS="0.5")
        strict = replace(
            services, webhooks=type(services.webhooks)(["127.0.0.0/8"], upload_timeout=settings.upload_timeout)
        )

        with ExitStack() as stack:
            deaf = stack.enter_context(peer(lambda visit: visit.wait(20)))
            mute = stack.enter_context(peer(lambda visit: (visit.request(), visit.wait(20))))
            jobs = [finished(strict, settings, each.url) for each in (deaf, mute)]
            round_(strict, Postman(strict, settings))

        found = [the_upload(strict, job) for job in jobs]
        assert [(DeliveryState.PENDING, "timeout")] * 2 == [(each.state, each.last_error) for each in found]
        assert all(0.4 < each.posts[0].seconds < 5 for each in found)

    def test_killed_before_the_record_the_same_bytes_are_sent_again(self, services, settings, clock):
        with Receiver() as there:
            job = finished(services, settings, there.url)
            killed = replace(services, deliveries=Outage(services.deliveries, "keep", times=1))
            round_(killed, Postman(killed, settings))
            assert (DeliveryState.PENDING, 0) == ((left := the_upload(services, job)).state, left.attempts)
            clock.forward(timedelta(seconds=31))
            round_(services, Postman(services, settings))
            assert [VIDEO, VIDEO] == [body for _, body in there.received]
        assert DeliveryState.DELIVERED is the_upload(services, job).state

    def test_our_own_store_s_absence_costs_no_try(self, services, settings, clock):
        with Receiver() as there:
            job = finished(services, settings, there.url)
            away = replace(services, artifacts=Outage(services.artifacts, "read"))
            round_(away, Postman(away, settings))
            assert (DeliveryState.PENDING, 0, []) == (
                (left := the_upload(services, job)).state,
                left.attempts,
                there.received,
            )
            assert 0 == round_(services, Postman(services, settings))
            clock.forward(timedelta(seconds=31))
            assert 1 == round_(services, Postman(services, settings))
            assert 1 == len(there.received)

    def test_nor_does_its_end_in_the_middle_of_the_file(self, services, settings, clock):
        class Broken:
            """The real store, whose connection breaks once in the middle."""

            def __init__(self, store):
                self._store = store

            def read(self, key):
                yield next(self._store.read(key))[:1000]
                raise Unavailable("the connection broke")

        with peer(lambda visit: visit.request()) as there:
            job = finished(services, settings, there.url)
            broken = replace(services, artifacts=Broken(services.artifacts))
            round_(broken, Postman(broken, settings))
        assert (DeliveryState.PENDING, 0) == ((left := the_upload(services, job)).state, left.attempts)
        clock.forward(timedelta(seconds=31))
        assert 1 == round_(services, Postman(services, settings))

    def test_a_host_that_is_allowed_no_longer_gets_nothing_until_it_is_again(
        self, settings_with, services, settings, clock
    ):
        closed = settings_with(UPLOAD_HOSTS="")
        with Receiver() as there:
            job = finished(services, settings, there.url)
            round_(services, Postman(services, closed))
            assert [] == there.received
            assert (DeliveryState.PENDING, "host_not_allowed") == (
                (left := the_upload(services, job)).state,
                left.last_error,
            )
            clock.forward(SCHEDULE[0] * 1.2)
            assert 1 == round_(services, Postman(services, settings))
            assert 1 == len(there.received)

    def test_a_video_that_was_deleted_is_not_sent(self, client, auth, services, settings, postman):
        with Receiver() as there:
            job = finished(services, settings, there.url)
            client.delete(f"/v1/videos/{job.id}", headers=auth)
            round_(services, postman)
            assert [] == there.received
        found = the_upload(services, job)
        assert (DeliveryState.ABANDONED, "video_deleted") == (found.state, found.last_error)

    def test_nor_is_one_that_is_no_longer_where_it_was(self, client, auth, services, settings, postman):
        with Receiver() as there:
            job = finished(services, settings, there.url)
            services.artifacts.delete(job.output.video.key)
            round_(services, postman)
            assert [] == there.received
        [shown] = client.get(f"/v1/videos/{job.id}/deliveries", headers=auth).json["data"]
        assert ("abandoned", "video_missing", []) == (shown["status"], shown["error"], shown["attempts"])

    def test_what_was_given_up_is_sent_again_when_asked_for(self, client, auth, services, settings, postman):
        with Receiver(403, 200) as there:
            job = finished(services, settings, there.url)
            round_(services, postman)
            path = f"/v1/videos/{job.id}/deliveries/{the_upload(services, job).id}/replay"
            assert 202 == client.post(path, headers=auth).status_code
            round_(services, postman)
            assert VIDEO == there.received[1][1]
        assert DeliveryState.DELIVERED is the_upload(services, job).state


def test_slow_uploads_leave_places_for_callbacks(services, settings):
    hold, many = Hold(), uploader.AT_A_TIME + 8
    begun = []

    def slow(visit):
        begun.append(visit.request())
        hold.go.wait(20)
        visit.answer("200 OK")

    with ExitStack() as stack:
        stack.callback(hold.go.set)
        hosts = [stack.enter_context(peer(slow)) for _ in range(many)]
        hook = stack.enter_context(Receiver())
        jobs = [finished(services, settings, each.url) for each in hosts]
        services.jobs.apply(queue(services, callback=hook.url).id, CancelRequested())
        courier = threading.Thread(target=Courier(services, settings, drain := Event()).run)
        courier.start()
        stack.callback(courier.join, 20)
        stack.callback(drain.set)
        hook.wait(1)
        assert uploader.AT_A_TIME >= len(begun)
        hold.go.set()
        drain.set()
        courier.join(20)
    assert uploader.AT_A_TIME == sum(the_upload(services, job).state is DeliveryState.DELIVERED for job in jobs)


def test_the_query_is_told_to_nobody(client, auth, services, settings, caplog):
    caplog.set_level(logging.DEBUG)
    with Receiver(500, 403) as there, Receiver() as hook:
        body = {"prompt": "x", "presigned_url": f"{there.url}?{SECRET}", "webhook": hook.url}
        answers = [client.post("/v1/videos", json=body, headers=auth)]
        job_id = answers[0].json["id"]
        complete(services, settings, job_id, VIDEO)
        round_(services, Postman(services, settings))
        answers += [client.get(f"/v1/videos/{job_id}{rest}", headers=auth) for rest in ("", "/deliveries")]
        answers.append(client.get("/v1/videos", headers=auth))
        [(_, told)] = hook.received

    said = [answer.text for answer in answers] + [told.decode(), caplog.text]
    said += [repr(record.__dict__) for record in caplog.records] + [repr(event) for event in services.publisher.events]
    assert [] == [text for text in said if SECRET in text]
    assert all(there.url in answer.text for answer in answers)
