"""What a DeliveryStore promises of lanes: nobody waits for another's receiver, and nobody is overlooked."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from redis import Redis

from shared.adapters import redis_keys as keys
from shared.core.delivery import PLACES, DeliveryState
from shared.core.job import CancelRequested
from tests.functions.studio import eventually
from tests.stores import Stores, hook, redis_stores

HOLD = timedelta(seconds=30)
BRIEF = timedelta(milliseconds=400)
"""A test sees its end, and is done with what comes before it even on a busy machine."""


def test_no_more_than_the_places_of_a_lane_are_on_their_way(stores: Stores) -> None:
    for _ in range(PLACES + 2):
        stores.finish()
    taken = stores.deliveries.take(HOLD, limit=100)

    assert PLACES == len(taken)
    assert [] == list(stores.deliveries.take(HOLD, limit=100))
    stores.deliveries.keep(taken[0], replace(taken[0], state=DeliveryState.DELIVERED))
    assert 1 == len(stores.deliveries.take(HOLD, limit=100))


def test_a_full_lane_holds_up_no_other(stores: Stores) -> None:
    for _ in range(PLACES + 2):
        stores.finish()
    stores.deliveries.take(HOLD, limit=100)
    other = stores.finish(webhook=hook(1))

    taken = stores.take(HOLD)
    assert taken is not None
    assert other.id == taken.job_id


def test_lanes_take_turns_however_much_waits_in_one(stores: Stores) -> None:
    many = {stores.finish().id for _ in range(6)}
    few = [stores.finish(webhook=hook(n)).id for n in range(3)]
    taken = [each.job_id for each in stores.deliveries.take(HOLD, limit=4)]

    assert set(few) < set(taken)
    assert 1 == len(many & set(taken))


def test_the_newest_are_sent_beside_those_due_longest(stores: Stores) -> None:
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


def test_a_resting_lane_waits_and_no_other_does(stores: Stores) -> None:
    both = {stores.finish().id, stores.finish().id}
    taken = stores.take(HOLD)
    assert taken is not None
    later = replace(taken, attempts=1, due_at=stores.jobs.now() + HOLD)
    stores.deliveries.keep(taken, later, rest=BRIEF)
    other = stores.finish(webhook=hook(1))

    assert [other.id] == [each.job_id for each in stores.deliveries.take(HOLD, limit=9)]
    assert stores.deliveries.next_due() is not None
    stores.wait(BRIEF)
    assert both - {taken.job_id} == {each.job_id for each in stores.deliveries.take(HOLD, limit=9)}


def test_a_lane_that_was_asked_to_rest_does_not_go_on_sooner_for_what_another_callback_came_to(stores: Stores) -> None:
    """Of several on their way one is answered with Retry-After, and the others end later."""
    for _ in range(PLACES):
        stores.finish()
    first, second, third, _ = stores.deliveries.take(HOLD, limit=PLACES)
    for each, rest in ((first, BRIEF), (second, HOLD), (third, BRIEF)):
        assert stores.deliveries.keep(each, replace(each, attempts=1, due_at=stores.jobs.now()), rest=rest)
    other = stores.finish(webhook=hook(1))
    stores.wait(BRIEF)

    assert [other.id] == [each.job_id for each in stores.deliveries.take(HOLD, limit=9)]


def test_the_places_of_takers_that_died_are_free_again_when_their_holds_are_over(stores: Stores) -> None:
    for _ in range(PLACES + 1):
        stores.finish()
    assert PLACES == len(stores.deliveries.take(BRIEF, limit=9))
    assert stores.take(HOLD) is None
    stores.wait(BRIEF)
    assert PLACES == len(stores.deliveries.take(HOLD, limit=9))


def test_a_brief_hold_ends_no_longer_one(stores: Stores) -> None:
    """Of notifies with two settings, as while they are rolled out."""
    for _ in range(PLACES):
        stores.finish()
    long = stores.deliveries.take(HOLD, limit=PLACES - 1)
    brief = stores.deliveries.take(BRIEF)
    assert {each.id for each in (*long, *brief)} == stores.deliveries.held([*long, *brief])
    stores.wait(BRIEF)

    assert {each.id for each in long} == stores.deliveries.held([*long, *brief])
    for _ in range(PLACES):
        stores.finish()
    assert 1 == len(stores.deliveries.take(HOLD, limit=PLACES))


def test_one_is_held_until_it_is_kept_or_its_hold_is_over(stores: Stores) -> None:
    waits, lost, kept = stores.finish(webhook=hook(1)), stores.finish(webhook=hook(2)), stores.finish(webhook=hook(3))
    owed = [delivery for job in (waits, lost, kept) for delivery in stores.deliveries.of_job(job.id)]
    assert frozenset() == stores.deliveries.held(owed)
    taken = {each.job_id: each for each in stores.deliveries.take(BRIEF, limit=3)}
    assert {each.id for each in owed} == stores.deliveries.held(owed)
    for job in (waits, kept):
        before = taken[job.id]
        assert stores.deliveries.keep(before, replace(before, attempts=1, due_at=stores.jobs.now() + HOLD))

    assert {taken[lost.id].id} == stores.deliveries.held(owed)
    stores.wait(BRIEF)
    assert frozenset() == stores.deliveries.held(owed)


def test_who_fixed_the_body_still_holds_it(stores: Stores) -> None:
    stores.finish()
    taken = stores.take(BRIEF)
    assert taken is not None
    fixed = stores.deliveries.fix(taken, "{}")
    assert replace(taken, body="{}") == fixed
    assert stores.take(BRIEF) is None
    assert None is stores.deliveries.fix(taken, "other")
    stores.wait(BRIEF)
    again = stores.take(HOLD)
    assert again is not None
    assert "{}" == again.body


def test_nobody_is_overlooked_whatever_takers_keepers_and_ends_do_at_once(stores: Stores) -> None:
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
        try:
            eventually(lambda: sum(kept.values()) == len(jobs) or any(each.done() for each in couriers), timeout=60)
        finally:
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
                json.dumps({n: v for n, v in known.items() if n not in ("endpoint_id", "extensions", "kind", "posts")}),
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
