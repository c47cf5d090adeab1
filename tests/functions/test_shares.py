"""One tenant's receivers, however many and however slow, leave places for the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest

from functions.notify.handler import SENDERS, Courier
from functions.notify.shares import LONGEST, SHORTEST, Shares
from shared.core.delivery import DeliveryState, Reply
from shared.core.job import CancelRequested
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.receiver import Receiver
from tests.unit.core.test_delivery import owed

PLACES = 8


class Hanging:
    """A way out on which hosts called slow... do not answer until they are let go."""

    def __init__(self, plain):
        self._plain = plain
        self.let_go = Event()
        self.asked = 0

    def post(self, url, headers, body):
        if "//slow" not in url:
            return self._plain.post(url, headers, body)
        self.asked += 1
        self.let_go.wait(30)
        return Reply(status=204)


@pytest.fixture
def one():
    """Deliveries of a tenant."""
    made = iter(range(1000))
    return lambda tenant: replace(owed(), id=f"wd_{next(made)}", tenant=tenant)


def test_a_tenant_with_a_hundred_hanging_receivers_leaves_places_for_others(services, settings):
    hanging = Hanging(services.webhooks)

    def end(tenant, url):
        return services.jobs.apply(queue(services, tenant=tenant, callback=url).id, CancelRequested()).id

    with Receiver() as receiver:
        slow = [end("mallory", f"https://slow{n % 100}.example.com/") for n in range(300)]
        courier = Courier(replace(services, webhooks=hanging), settings, Event())
        thread = Thread(target=courier.run)
        thread.start()
        eventually(lambda: hanging.asked == SENDERS // 2, timeout=20)
        quick = {end("eve", receiver.url) for _ in range(30)}
        told = receiver.wait(30, timeout=20)
        assert quick == {headers["ce-subject"] for headers, _ in told}
        assert hanging.asked <= SENDERS // 2
        hanging.let_go.set()
        thread.join(60)
        assert not thread.is_alive()

    assert len(slow) == hanging.asked
    ends = [each for job_id in slow for each in services.deliveries.of_job(job_id)]
    assert {(DeliveryState.DELIVERED, 1)} == {(each.state, each.attempts) for each in ends}


def test_who_is_alone_has_half_and_two_a_third_each(one):
    shares = Shares(PLACES * 3)
    alone = [shares.enter(one("ada")) for _ in range(PLACES * 3)]
    beside = [shares.enter(one("eve")) for _ in range(PLACES * 3)]

    assert (PLACES * 3 // 2, PLACES * 3 // 4) == (alone.count(None), beside.count(None))


def test_whoever_has_none_gets_one_even_where_none_is_free(one):
    shares = Shares(PLACES)
    assert [None] * 2 * PLACES == [shares.enter(one(f"t{n}")) for n in range(2 * PLACES)]
    assert shares.enter(one("t0")) is not None


def test_a_place_that_is_left_is_free(one):
    shares = Shares(2)
    first, second = one("ada"), one("ada")
    assert None is shares.enter(first)
    assert shares.enter(second) is not None
    shares.leave(first)
    assert None is shares.enter(second)


@pytest.mark.parametrize(("taken", "wait"), [(0.0, SHORTEST), (1.5, 1.5), (14.0, LONGEST)])
def test_lanes_wait_as_long_as_their_tenant_s_receivers_do(one, taken, wait):
    now = [100.0]
    shares = Shares(2, monotonic=lambda: now[0])
    shares.enter(one("ada"))
    now[0] += taken

    assert timedelta(seconds=wait) == shares.enter(one("ada"))
