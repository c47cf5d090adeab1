"""The order of the queue among a tenant's users, as every JobStore keeps it (schedule.py)."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from redis import Redis

from shared.adapters import redis_keys as keys
from shared.core.job import CancelRequested
from shared.core.schedule import turn
from tests.stores import Clock, Stores, memory_stores, redis_stores


def ask(stores: Stores, user: str | None, count: int = 1, **changes) -> list[str]:
    labels = {} if user is None else {"user": user}
    return [stores.add(metadata=labels, **changes).id for _ in range(count)]


def drawn(stores: Stores, count: int) -> list[str | None]:
    return [stores.claim()[0].metadata.get("user") for _ in range(count)]


def test_one_user_s_many_jobs_do_not_hold_up_another_s_few(stores: Stores) -> None:
    ask(stores, "ada", 40)
    ask(stores, "bob", 3)

    assert 3 == drawn(stores, 9).count("bob")


def test_nor_do_those_of_a_tenant_that_names_nobody(stores: Stores) -> None:
    ask(stores, None, 40)
    ask(stores, "bob", 3)

    assert 3 == drawn(stores, 9).count("bob")


def test_another_tenant_s_share_is_no_smaller_for_them(stores: Stores) -> None:
    for _ in range(4):
        for user in ("ada", "bob", "cy"):
            ask(stores, user)
    ask(stores, None, 12, tenant="eve")
    tenants = [stores.claim()[0].tenant for _ in range(12)]

    assert (6, 6) == (tenants.count("ada"), tenants.count("eve"))


def test_what_was_cancelled_makes_nobody_wait(stores: Stores) -> None:
    for job_id in ask(stores, "ada", 20):
        stores.jobs.apply(job_id, CancelRequested())
    ask(stores, "bob")
    ask(stores, None, 2, tenant="eve")

    assert "bob" in drawn(stores, 2)


def test_jobs_of_one_user_that_come_at_the_same_time_come_one_behind_the_other(stores: Stores) -> None:
    ask(stores, "bob")
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda _: ask(stores, "ada")[0], range(16)))
    ask(stores, None, 30, tenant="eve")
    first = {stores.claim()[0].tenant for _ in range(2)}

    assert {"ada", "eve"} == first
    assert 16 == len(set(together))
    assert 16 <= sum(stores.claim()[0].tenant == "ada" for _ in range(34))


def test_both_stores_draw_in_the_same_order(redis_url: str) -> None:
    dice = random.Random(18)
    wishes = [(dice.choice("abcd"), dice.choice([None, "u1", "u2", "u3", "u4"])) for _ in range(120)]
    orders = []
    with redis_stores(redis_url) as there:
        for stores in (memory_stores(Clock()), there):
            places = {}
            order = []
            for number, (tenant, user) in enumerate(wishes):
                [job_id] = ask(stores, user, tenant=tenant)
                places[job_id] = number
                if number % 3 == 2:
                    order.append(places[stores.claim(timedelta(days=1))[0].id])
            order += [places[stores.claim(timedelta(days=1))[0].id] for _ in range(80)]
            orders.append(order)

    assert orders[0] == orders[1]
    assert sorted(orders[0]) != orders[0]


def test_users_are_known_by_a_hash_and_for_a_day(redis_url: str) -> None:
    with redis_stores(redis_url) as stores, Redis.from_url(redis_url, decode_responses=True) as floor:
        job = stores.add(metadata={"user": "ada@example.com"})
        flow = turn(job).flow
        assert flow is not None
        users = keys.users(flow)

        assert [turn(job).user] == floor.zrange(users, 0, -1)
        assert 86_000 < floor.ttl(users) <= 86_400
        assert not any("ada@" in key for key in floor.scan_iter("*"))
        stores.claim()
        stores.add(metadata={"user": "bob"})
        assert 1 == floor.zcard(users)
