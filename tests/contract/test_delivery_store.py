"""What every DeliveryStore promises (shared/ports/), filled by its JobStore."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from shared.adapters import redis_keys as keys
from shared.core import delivery
from shared.core.delivery import PLACES, Delivery, DeliveryState, Reply
from shared.core.endpoint import Endpoint, Left, SealedSecret
from shared.core.errors import NotFound
from shared.core.ids import delivery_id, event_id
from shared.core.job import Cancelled, CancelRequested, Expired, Failed, Job, JobState, LeaseExpired, Webhook
from tests.functions.studio import eventually
from tests.stores import ERROR, HOOK, SHORT, START, Stores, redis_stores

HOLD = timedelta(seconds=30)


def hook(n: int) -> Webhook:
    """A webhook in a lane of its own."""
    return Webhook(f"https://h{n}.example.com/hook")


def completed(stores: Stores) -> Job:
    return stores.finish()


def failed(stores: Stores) -> Job:
    job = stores.add()
    return stores.jobs.apply(job.id, Failed(stores.claim()[1], ERROR))


def lost_too_often(stores: Stores) -> Job:
    job = stores.add(max_losses=1)
    return stores.jobs.apply(job.id, LeaseExpired(stores.claim()[1]))


def cancelled_in_the_queue(stores: Stores) -> Job:
    return stores.jobs.apply(stores.add().id, CancelRequested())


def cancelled_while_running(stores: Stores) -> Job:
    job = stores.add()
    _, attempt = stores.claim()
    stores.jobs.apply(job.id, CancelRequested())
    return stores.jobs.apply(job.id, Cancelled(attempt))


def expired(stores: Stores) -> Job:
    return stores.jobs.apply(stores.add().id, Expired())


ENDS = [completed, failed, lost_too_often, cancelled_in_the_queue, cancelled_while_running, expired]


@pytest.mark.parametrize("end", ENDS)
def test_every_end_owes_one_callback(stores: Stores, end: Callable[[Stores], Job]) -> None:
    job = end(stores)
    assert job.state.is_final
    [callback] = stores.deliveries.of_job(job.id)
    assert (delivery_id(job.id, job.version), event_id(job.id, job.version)) == (callback.id, callback.event_id)
    assert (job.id, job.tenant, HOOK.url) == (callback.job_id, callback.tenant, callback.url)
    assert f"video.{job.state}" == callback.event_type
    assert (DeliveryState.PENDING, 0, None) == (callback.state, callback.attempts, callback.body)
    assert 1 == stores.deliveries.due()


def test_a_job_that_goes_on_owes_none(stores: Stores) -> None:
    job = stores.add()
    stores.claim()
    stores.jobs.apply(job.id, CancelRequested())
    assert [] == stores.deliveries.of_job(job.id)
    assert (0, None) == (stores.deliveries.due(), stores.deliveries.next_due())


def test_an_end_that_nobody_asked_to_hear_of_owes_none(stores: Stores) -> None:
    for webhook in (None, Webhook("https://example.com/hook", ("video.failed",))):
        job = stores.finish(webhook=webhook)
        assert [] == stores.deliveries.of_job(job.id)
    assert stores.take(HOLD) is None


def test_one_taken_is_kept_from_others_until_its_hold_is_over(stores: Stores) -> None:
    job = stores.finish()
    [callback] = stores.deliveries.of_job(job.id)
    taken = stores.take(SHORT)
    assert taken is not None
    assert callback == replace(taken, due_at=callback.due_at)
    assert stores.take(SHORT) is None
    assert (0, taken.due_at) == (stores.deliveries.due(), stores.deliveries.next_due())
    stores.wait(SHORT)
    assert 1 == stores.deliveries.due()
    again = stores.take(SHORT)
    assert again is not None
    assert callback.id == again.id


def test_the_one_due_longest_is_taken_first(stores: Stores) -> None:
    jobs = [stores.finish(webhook=hook(n)) for n in range(20)]
    taken = [stores.take(HOLD) for _ in jobs]
    assert [job.id for job in jobs] == [d.job_id for d in taken if d is not None]
    assert stores.take(HOLD) is None


def test_each_of_10_goes_to_one_of_20_takers(stores: Stores) -> None:
    jobs = {stores.finish(webhook=hook(n)).id for n in range(10)}
    start = threading.Barrier(20)

    def take(_: int) -> Delivery | None:
        start.wait()
        return stores.take(HOLD)

    with ThreadPoolExecutor(20) as pool:
        taken = [d.job_id for d in pool.map(take, range(20)) if d is not None]
    assert 10 == len(taken)
    assert jobs == set(taken)


class TestKeep:
    def test_a_delivered_one_is_due_no_more(self, stores: Stores) -> None:
        job = stores.finish()
        taken = stores.take(SHORT)
        assert taken is not None
        done = delivery.after(taken, Reply(status=204), stores.jobs.now(), chance=0)
        assert stores.deliveries.keep(taken, done)
        assert [done] == stores.deliveries.of_job(job.id)
        stores.wait(SHORT)
        assert stores.take(SHORT) is None
        assert (0, None) == (stores.deliveries.due(), stores.deliveries.next_due())

    def test_a_failed_try_is_due_again_when_it_says(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        later = replace(taken, attempts=1, last_status=503, due_at=stores.jobs.now() + SHORT, body="{}")
        assert stores.deliveries.keep(taken, later)
        assert later.due_at == stores.deliveries.next_due()
        assert stores.take(HOLD) is None
        stores.wait(SHORT)
        again = stores.take(HOLD)
        assert again is not None
        assert later == replace(again, due_at=later.due_at)

    def test_who_lost_its_hold_writes_nothing(self, stores: Stores) -> None:
        job = stores.finish()
        slow = stores.take(SHORT)
        stores.wait(SHORT)
        fast = stores.take(HOLD)
        assert slow is not None
        assert fast is not None
        assert not stores.deliveries.keep(slow, replace(slow, state=DeliveryState.ABANDONED))
        assert [fast] == stores.deliveries.of_job(job.id)
        assert stores.deliveries.keep(fast, replace(fast, state=DeliveryState.DELIVERED))

    def test_the_same_again_is_true_and_something_else_is_not(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        done = replace(taken, state=DeliveryState.DELIVERED)
        assert [True, True] == [stores.deliveries.keep(taken, done) for _ in range(2)]
        assert not stores.deliveries.keep(taken, replace(taken, state=DeliveryState.ABANDONED))

    def test_one_that_never_was_is_not_kept(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        ghost = replace(taken, id="wd_x")
        assert not stores.deliveries.keep(ghost, replace(ghost, attempts=1))

    def test_an_abandoned_one_can_be_made_due_again(self, stores: Stores) -> None:
        job = stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        given_up = replace(taken, state=DeliveryState.ABANDONED)
        stores.deliveries.keep(taken, given_up)
        replayed = replace(given_up, state=DeliveryState.PENDING, due_at=stores.jobs.now())
        assert stores.deliveries.keep(given_up, replayed)
        assert 1 == stores.deliveries.due()
        assert [replayed] == stores.deliveries.of_job(job.id)


def test_callbacks_outlive_their_job(stores: Stores) -> None:
    job = stores.finish()
    stores.jobs.forget(job.id)
    taken = stores.take(HOLD)
    assert taken is not None
    assert (job.id, JobState.COMPLETED) == (taken.job_id, JobState(taken.event_type.removeprefix("video.")))


def endpoint(endpoint_id: str, *types: str, tenant: str = "ada") -> Endpoint:
    return Endpoint(
        id=endpoint_id,
        tenant=tenant,
        url=f"https://{endpoint_id.removeprefix('we_').lower()}.example.com/",
        event_types=types,
        secrets=(SealedSecret("k.x", hint="x"),),
        created_at=START,
        updated_at=START,
    )


class TestEndpoints:
    def test_each_that_wants_to_hear_of_an_end_is_owed_it_with_the_job_s_own(self, stores: Stores) -> None:
        for each in (endpoint("we_A", "video.completed"), endpoint("we_B"), endpoint("we_C", "video.failed")):
            stores.endpoints.add(each)
        stores.endpoints.add(endpoint("we_E", "video.completed", tenant="eve"))
        job = stores.finish(webhook_endpoint="we_B")

        owed = stores.deliveries.of_job(job.id)
        assert {None, "we_A", "we_B"} == {each.endpoint_id for each in owed}
        assert 3 == stores.deliveries.due()
        assert owed == sorted(owed, key=lambda each: (each.created_at, each.id))

    def test_one_that_was_just_added_or_taken_away_counts_at_once(self, stores: Stores) -> None:
        stores.endpoints.add(endpoint("we_A", "video.completed"))
        first = stores.finish(webhook=None)
        stores.endpoints.add(endpoint("we_B", "video.completed"))
        stores.endpoints.delete("ada", "we_A")
        second = stores.finish(webhook=None)
        stores.endpoints.apply("ada", "we_B", Left())
        third = stores.finish(webhook=None)

        told = [[each.endpoint_id for each in stores.deliveries.of_job(job.id)] for job in (first, second, third)]
        assert [["we_A"], ["we_B"], []] == told

    def test_ends_and_new_endpoints_at_the_same_time_miss_nothing(self, stores: Stores) -> None:
        """Whatever is registered before an end is written hears of it."""
        jobs = [stores.add(webhook=None) for _ in range(8)]

        def end(job: Job) -> tuple[set[str], str]:
            known = {each.id for each in stores.endpoints.of_tenant("ada")}
            return known, stores.jobs.apply(job.id, CancelRequested()).id

        with ThreadPoolExecutor(8) as pool:
            adding = [pool.submit(stores.endpoints.add, endpoint(f"we_{n}", "video.cancelled")) for n in range(8)]
            ended = [each.result() for each in [pool.submit(end, job) for job in jobs]]
            for each in adding:
                each.result()
        for known, job_id in ended:
            assert known <= {each.endpoint_id for each in stores.deliveries.of_job(job_id)}

    def test_an_endpoint_s_deliveries_are_paged_those_of_the_newest_jobs_first(self, stores: Stores) -> None:
        stores.endpoints.add(endpoint("we_A", "video.completed"))
        jobs = [stores.finish() for _ in range(5)]
        found: list[str] = []
        for more in (True, True, False):
            page = stores.deliveries.to_endpoint("we_A", limit=2, after=found[-1] if found else None)
            assert more == page.has_more
            found += [each.id for each in page.deliveries]

        assert [delivery_id(job.id, job.version, "we_A") for job in reversed(jobs)] == found
        assert [] == list(stores.deliveries.to_endpoint("we_B", limit=2).deliveries)
        assert found[0] == stores.deliveries.get(found[0]).id
        with pytest.raises(NotFound):
            stores.deliveries.get("wd_x")


class TestLanes:
    def test_no_more_than_the_places_of_a_lane_are_on_their_way(self, stores: Stores) -> None:
        for _ in range(PLACES + 2):
            stores.finish()
        taken = stores.deliveries.take(HOLD, limit=100)

        assert PLACES == len(taken)
        assert [] == list(stores.deliveries.take(HOLD, limit=100))
        stores.deliveries.keep(taken[0], replace(taken[0], state=DeliveryState.DELIVERED))
        assert 1 == len(stores.deliveries.take(HOLD, limit=100))

    def test_a_full_lane_holds_up_no_other(self, stores: Stores) -> None:
        for _ in range(PLACES + 2):
            stores.finish()
        stores.deliveries.take(HOLD, limit=100)
        other = stores.finish(webhook=hook(1))

        taken = stores.take(HOLD)
        assert taken is not None
        assert other.id == taken.job_id

    def test_lanes_take_turns_however_much_waits_in_one(self, stores: Stores) -> None:
        many = {stores.finish().id for _ in range(6)}
        few = [stores.finish(webhook=hook(n)).id for n in range(3)]
        taken = [each.job_id for each in stores.deliveries.take(HOLD, limit=4)]

        assert set(few) < set(taken)
        assert 1 == len(many & set(taken))

    def test_the_newest_are_sent_beside_those_due_longest(self, stores: Stores) -> None:
        """Whichever of the two comes first: in 40 takes neither is missing, but once in 10**12."""
        old = {stores.finish().id for _ in range(40)}
        new = {stores.finish().id for _ in range(40)}
        taken = []
        for _ in range(40):
            [one] = stores.deliveries.take(HOLD)
            taken.append(one.job_id)
            stores.deliveries.keep(one, replace(one, state=DeliveryState.DELIVERED))

        assert old & set(taken)
        assert new & set(taken)
        assert 40 == len(set(taken))

    def test_a_resting_lane_waits_and_no_other_does(self, stores: Stores) -> None:
        both = {stores.finish().id, stores.finish().id}
        taken = stores.take(HOLD)
        assert taken is not None
        later = replace(taken, attempts=1, due_at=stores.jobs.now() + HOLD)
        stores.deliveries.keep(taken, later, rest=SHORT)
        other = stores.finish(webhook=hook(1))

        assert [other.id] == [each.job_id for each in stores.deliveries.take(HOLD, limit=9)]
        assert stores.deliveries.next_due() is not None
        stores.wait(SHORT)
        assert both - {taken.job_id} == {each.job_id for each in stores.deliveries.take(HOLD, limit=9)}

    def test_the_places_of_takers_that_died_are_free_again_when_their_holds_are_over(self, stores: Stores) -> None:
        for _ in range(PLACES + 1):
            stores.finish()
        assert PLACES == len(stores.deliveries.take(SHORT, limit=9))
        assert stores.take(HOLD) is None
        stores.wait(SHORT)
        assert PLACES == len(stores.deliveries.take(HOLD, limit=9))

    def test_who_fixed_the_body_still_holds_it(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(SHORT)
        assert taken is not None
        fixed = stores.deliveries.fix(taken, "{}")
        assert replace(taken, body="{}") == fixed
        assert stores.take(SHORT) is None
        assert None is stores.deliveries.fix(taken, "other")
        stores.wait(SHORT)
        again = stores.take(HOLD)
        assert again is not None
        assert "{}" == again.body

    def test_nobody_is_overlooked_whatever_takers_keepers_and_ends_do_at_once(self, stores: Stores) -> None:
        """Eight couriers over three lanes while jobs end: each callback is kept once, and nothing is left."""
        stop, kept, lock = threading.Event(), Counter[str](), threading.Lock()

        def courier(_: int) -> None:
            while not stop.is_set() or stores.deliveries.due():
                for taken in stores.deliveries.take(HOLD, limit=3):
                    retry = taken.attempts == 0 and taken.job_id[-1] in "0123456789"
                    due = {"due_at": stores.jobs.now()} if retry else {"state": DeliveryState.DELIVERED}
                    assert stores.deliveries.keep(taken, replace(taken, attempts=taken.attempts + 1, **due))
                    with lock:
                        kept[taken.job_id] += not retry

        with ThreadPoolExecutor(8) as pool:
            couriers = [pool.submit(courier, n) for n in range(8)]
            jobs = [stores.jobs.apply(stores.add(webhook=hook(n % 3)).id, CancelRequested()).id for n in range(60)]
            eventually(lambda: sum(kept.values()) == len(jobs), timeout=30)
            stop.set()
            for each in couriers:
                each.result()
        assert dict.fromkeys(jobs, 1) == kept
        assert None is stores.deliveries.next_due()


def test_a_delivery_of_a_version_that_knew_no_lanes_is_sent_too(redis_url: str) -> None:
    """Such a version knows the row, and one list of all that are due."""
    with redis_stores(redis_url) as stores, Redis.from_url(redis_url, decode_responses=True) as floor:
        old, held, new = (stores.finish(webhook=hook(n)) for n in range(3))
        for job, due in ((old, 1), (held, 4 * 10**15)):
            [owed] = stores.deliveries.of_job(job.id)
            known = json.loads(floor.get(keys.delivery(owed.id)))
            floor.set(
                keys.delivery(owed.id),
                json.dumps({n: v for n, v in known.items() if n not in ("endpoint_id", "extensions", "posts")}),
            )
            floor.delete(keys.lane(owed.lane))
            floor.zrem(keys.LANES, owed.lane)
            floor.zadd(keys.DELIVERIES, {owed.id: due})
        assert 2 == stores.deliveries.due()
        taken = stores.deliveries.take(HOLD, limit=9)

        assert [old.id, new.id] == sorted((each.job_id for each in taken), key=[old.id, new.id].index)
        assert all(stores.deliveries.keep(each, replace(each, state=DeliveryState.DELIVERED)) for each in taken)
        assert not floor.exists(keys.DELIVERIES)
        assert 4 * 10**15 == floor.zscore(
            keys.lane(stores.deliveries.of_job(held.id)[0].lane), stores.deliveries.of_job(held.id)[0].id
        )


def test_what_a_newer_version_keeps_with_a_delivery_stays(redis_url: str) -> None:
    with redis_stores(redis_url) as stores, Redis.from_url(redis_url, decode_responses=True) as floor:
        [owed] = stores.deliveries.of_job(stores.finish().id)
        row = keys.delivery(owed.id)
        floor.set(row, json.dumps(json.loads(floor.get(row)) | {"news": ["☃"]}))
        taken = stores.take(HOLD)
        assert taken is not None
        fixed = stores.deliveries.fix(taken, "{}")
        assert fixed is not None
        assert stores.deliveries.keep(fixed, replace(fixed, state=DeliveryState.ABANDONED))
        assert (["☃"], "{}", "abandoned") == tuple(json.loads(floor.get(row))[n] for n in ("news", "body", "state"))
