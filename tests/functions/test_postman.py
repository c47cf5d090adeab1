"""One callback after the other, on a clock that is set by hand: endpoints, secrets, and the whole schedule."""

import json
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook

from functions.notify.postman import Postman
from functions.submit.endpoints import Endpoints
from shared.core.access import ALL_SCOPES, Caller
from shared.core.delivery import JITTER, SCHEDULE, DeliveryState
from shared.core.endpoint import PATIENCE, Edited, EndpointState
from shared.core.endpoint_wish import EndpointWish
from shared.core.job import CancelRequested
from tests.callbacks import answer
from tests.functions.conftest import WEBHOOK_SECRET
from tests.functions.jobs import queue
from tests.peers import closed_port, peer
from tests.receiver import Receiver
from tests.stores import Clock, memory_stores

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OWNER = Caller(key_id="0a1b2c3d", tenant="default", scopes=ALL_SCOPES)
OTHER_KEY = "b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28="


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


@pytest.fixture
def register(services, settings):
    def make(url, *types):
        made = Endpoints(services, settings).register(OWNER, EndpointWish(url=url, event_types=list(types)))
        return made.endpoint.id, made.secret

    return make


def ended(services, **options):
    job = queue(services, **options)
    return services.jobs.apply(job.id, CancelRequested())


def round_(services, postman):
    """Send all that is due now; how many that were."""
    sent = 0
    while taken := services.deliveries.take(timedelta(seconds=30), limit=10):
        for delivery in taken:
            postman.deliver(delivery)
        sent += len(taken)
    return sent


def one(services, endpoint_id):
    return services.endpoints.get("default", endpoint_id)


def test_every_endpoint_hears_of_it_signed_with_its_own_secret_and_in_the_same_words(services, postman, register):
    with ExitStack() as stack:
        own, first, second, third = (stack.enter_context(Receiver()) for _ in range(4))
        secrets = [register(each.url, *types)[1] for each, types in ((first, ["video.cancelled"]), (second, []))]
        named = services.endpoints.of_tenant("default")[1].id
        register(third.url, "video.completed")
        job = ended(services, callback=own.url, webhook_endpoint=named)
        round_(services, postman)
        received = [each.received for each in (own, first, second)]

    assert [1, 1, 1, 0] == [len(each) for each in (*received, third.received)]
    assert 1 == len({body for [(_, body)] in received})
    for secret, [(headers, body)] in zip((WEBHOOK_SECRET, *secrets), received, strict=True):
        # The clock of this test is not the verifier's.
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert headers["webhook-signature"].split(" ")[0] == Webhook(secret).sign(
            headers["webhook-id"], at, body.decode()
        )
        assert (headers["webhook-id"], job.id) == (json.loads(body)["id"], json.loads(body)["data"]["id"])
    assert 3 == len({headers["webhook-signature"] for [(headers, _)] in received})


def test_no_receiver_learns_where_another_is(services, postman, register):
    with Receiver() as own, Receiver() as other:
        register(other.url, "video.cancelled")
        ended(services, callback=f"{own.url}?token=letmein")
        round_(services, postman)
        received = [body for each in (own, other) for _, body in each.received]

    assert 2 == len(received)
    for body in received:
        assert b"letmein" not in body
        assert own.url.encode() not in body


def test_the_old_secret_signs_beside_the_new_one_for_24_hours(services, clock, postman, register, settings):
    with Receiver() as receiver:
        endpoint_id, old = register(receiver.url, "video.cancelled")
        new = Endpoints(services, settings).rotate(OWNER, endpoint_id, keep_old=True).secret
        for wait in (timedelta(0), timedelta(hours=23), HOUR):
            clock.forward(wait)
            ended(services)
            assert 1 == round_(services, postman)
        received = receiver.received

    signed = []
    for headers, body in received:
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        by = {Webhook(secret).sign(headers["webhook-id"], at, body.decode()): n for n, secret in enumerate((new, old))}
        signed.append([by[word] for word in headers["webhook-signature"].split(" ") if word.startswith("v1,")])
    assert [[0, 1], [0, 1], [0]] == signed


def test_the_whole_schedule_ten_tries_over_75_hours_with_one_id_and_the_same_bytes(services, clock, postman):
    began = services.jobs.now()
    with Receiver(500) as receiver:
        job = ended(services, callback=receiver.url)
        times = []
        while (due := services.deliveries.next_due()) is not None:
            clock.forward(max(due - services.jobs.now(), timedelta(0)))
            assert 1 == round_(services, postman)
            times.append(services.jobs.now())
        received = receiver.received

    waits = [later - sooner for sooner, later in pairwise(times)]
    assert 9 == len(waits)
    second = timedelta(seconds=1)
    for planned, real in zip(SCHEDULE, waits, strict=True):
        assert planned <= real <= planned * (1 + JITTER) + second
    assert timedelta(hours=75) < times[-1] - began < timedelta(hours=92)
    assert 1 == len({(headers["webhook-id"], headers["ce-id"], body) for headers, body in received})
    assert 10 == len({headers["webhook-timestamp"] for headers, _ in received})
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.ABANDONED, 10, 10) == (delivery.state, delivery.attempts, len(delivery.posts))


def test_500_three_times_and_then_200_is_four_posts(services, clock, postman):
    with Receiver(500, 500, 500, 200) as receiver:
        job = ended(services, callback=receiver.url)
        for _ in range(9):
            round_(services, postman)
            clock.forward(HOUR)
        assert 4 == len(receiver.received)
    [delivery] = services.deliveries.of_job(job.id)
    assert [500, 500, 500, 200] == [post.status for post in delivery.posts]


def test_429_is_left_alone_for_as_long_as_it_asks_and_so_is_all_that_goes_there(services, clock, postman):
    with peer(answer("429 Too Many Requests", "Retry-After: 7")) as receiver:
        ended(services, callback=receiver.url)
        assert 1 == round_(services, postman)
        ended(services, callback=receiver.url)
        clock.forward(timedelta(seconds=6.9))
        assert 0 == round_(services, postman)
        clock.forward(timedelta(seconds=2))
        assert 1 <= round_(services, postman)


def test_a_redirect_is_a_failure_and_is_not_followed(services, postman):
    with Receiver() as inside, peer(answer("301 Moved Permanently", f"Location: {inside.url}")) as receiver:
        job = ended(services, callback=receiver.url)
        round_(services, postman)

        assert (1, 0) == (receiver.visits, len(inside.received))
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.PENDING, 301) == (delivery.state, delivery.last_status)


def test_410_disables_the_endpoint_and_gives_up_what_it_was_owed(services, postman, register):
    with Receiver(410) as receiver:
        endpoint_id, _ = register(receiver.url, "video.cancelled")
        jobs = [ended(services) for _ in range(3)]
        round_(services, postman)
        later = ended(services)
        assert 0 == round_(services, postman)
        assert 1 == len(receiver.received)

    assert (EndpointState.DISABLED, "gone") == (
        one(services, endpoint_id).state,
        one(services, endpoint_id).disabled_reason,
    )
    owed = [delivery for job in jobs for delivery in services.deliveries.of_job(job.id)]
    assert {DeliveryState.ABANDONED} == {delivery.state for delivery in owed}
    assert {None, "endpoint_disabled"} == {delivery.last_error for delivery in owed}
    assert [] == services.deliveries.of_job(later.id)


def test_a_dead_endpoint_is_disabled_after_five_days_and_says_why(services, clock, postman, register):
    endpoint_id, _ = register(f"http://127.0.0.1:{closed_port()}/", "video.cancelled")
    began = services.jobs.now()
    while one(services, endpoint_id).state is EndpointState.ENABLED:
        assert services.jobs.now() - began < PATIENCE + DAY
        ended(services)
        round_(services, postman)
        clock.forward(6 * HOUR)

    found = one(services, endpoint_id)
    assert ("failing", "unreachable") == (found.disabled_reason, found.last_error)
    assert PATIENCE <= found.disabled_at - found.failing_since < PATIENCE + DAY


def test_one_success_within_the_five_days_keeps_it(services, clock, postman, register):
    with Receiver(*[500] * 6, 200, 500) as receiver:
        endpoint_id, _ = register(receiver.url, "video.cancelled")
        for _ in range(8):
            ended(services)
            taken = services.deliveries.take(timedelta(seconds=30), limit=1)
            postman.deliver(taken[0])
            clock.forward(timedelta(hours=20))

    assert EndpointState.ENABLED is one(services, endpoint_id).state


def test_a_deleted_endpoint_hears_no_more(services, postman, register):
    with Receiver() as receiver:
        endpoint_id, _ = register(receiver.url, "video.cancelled")
        job = ended(services)
        services.endpoints.delete("default", endpoint_id)
        round_(services, postman)

        assert [] == receiver.received
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.ABANDONED, "endpoint_deleted") == (delivery.state, delivery.last_error)


def test_what_is_on_its_way_goes_to_the_new_url_of_an_endpoint_that_moved(services, clock, postman, register):
    with Receiver(500) as old, Receiver() as new:
        endpoint_id, _ = register(old.url, "video.cancelled")
        job = ended(services)
        round_(services, postman)
        services.endpoints.apply("default", endpoint_id, Edited(url=new.url))
        clock.forward(HOUR)
        round_(services, postman)

        assert [1, 1] == [len(old.received), len(new.received)]
        assert old.received[0][1] == new.received[0][1]
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.DELIVERED, new.url) == (delivery.state, delivery.url)


@pytest.mark.parametrize("status", ["410 Gone", "500 Oops"])
def test_a_late_answer_of_the_old_url_says_nothing_of_the_new_one(services, postman, register, status):
    def moving(visit):
        visit.request()
        services.endpoints.apply("default", endpoint_id, Edited(url="https://new.example.com/"))
        visit.answer(status)

    with peer(moving) as old:
        endpoint_id, _ = register(old.url, "video.cancelled")
        job = ended(services)
        [taken] = services.deliveries.take(timedelta(seconds=30))
        postman.deliver(taken)

    found = one(services, endpoint_id)
    assert (EndpointState.ENABLED, None, None) == (found.state, found.failing_since, found.last_error)
    [delivery] = services.deliveries.of_job(job.id)
    assert (old.url, int(status[:3])) == (delivery.url, delivery.last_status)
    assert DeliveryState.PENDING is delivery.state


def test_a_late_410_of_the_old_url_keeps_nothing_from_the_new_one(services, clock, postman, register):
    """It was moved while the POST was on its way, which is what 410 asks for."""
    with Receiver() as new:

        def moving(visit):
            visit.request()
            services.endpoints.apply("default", endpoint_id, Edited(url=new.url))
            visit.answer("410 Gone")

        with peer(moving) as old:
            endpoint_id, _ = register(old.url, "video.cancelled")
            job = ended(services)
            assert 1 == round_(services, postman)
            clock.forward(SCHEDULE[0] * 2)
            assert 1 == round_(services, postman)

        assert 1 == len(new.received)
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.DELIVERED, [410, 200]) == (delivery.state, [post.status for post in delivery.posts])


def test_a_secret_that_cannot_be_opened_is_a_failure_that_its_owner_sees(services, settings_with, postman, register):
    with Receiver() as receiver:
        endpoint_id, _ = register(receiver.url, "video.cancelled")
        job = ended(services)
        round_(services, Postman(services, settings_with(WEBHOOK_KEY=OTHER_KEY)))

        assert [] == receiver.received
    assert "secret_unreadable" == one(services, endpoint_id).last_error
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.PENDING, 1) == (delivery.state, delivery.attempts)


def test_an_address_that_is_closed_by_now_is_not_called(services, settings_with, postman):
    """The URL was good when it was given; the owner closed the network since."""
    with Receiver() as receiver:
        job = ended(services, callback=receiver.url)
        strict = replace(services, webhooks=type(services.webhooks)())
        round_(strict, Postman(strict, settings_with()))

        assert [] == receiver.received
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.PENDING, "address_refused") == (delivery.state, delivery.last_error)
