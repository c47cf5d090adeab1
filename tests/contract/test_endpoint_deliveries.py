"""What a DeliveryStore promises of registered endpoints: which ends they are owed, and how their callbacks are listed."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.core.delivery import Delivery
from shared.core.endpoint import Endpoint, Left, SealedSecret
from shared.core.errors import NotFound
from shared.core.ids import delivery_id
from shared.core.job import CancelRequested, Job
from tests.pages import walked
from tests.stores import START, Stores


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


def test_each_that_wants_to_hear_of_an_end_is_owed_it_with_the_job_s_own(stores: Stores) -> None:
    for each in (endpoint("we_A", "video.completed"), endpoint("we_B"), endpoint("we_C", "video.failed")):
        stores.endpoints.add(each)
    stores.endpoints.add(endpoint("we_E", "video.completed", tenant="eve"))
    job = stores.finish(webhook_endpoint="we_B")

    owed = stores.deliveries.of_job(job.id)
    assert {None, "we_A", "we_B"} == {each.endpoint_id for each in owed}
    assert 3 == stores.deliveries.due()
    assert owed == sorted(owed, key=lambda each: (each.created_at, each.id))


def test_one_that_was_just_added_or_taken_away_counts_at_once(stores: Stores) -> None:
    stores.endpoints.add(endpoint("we_A", "video.completed"))
    first = stores.finish(webhook=None)
    stores.endpoints.add(endpoint("we_B", "video.completed"))
    stores.endpoints.delete("ada", "we_A")
    second = stores.finish(webhook=None)
    stores.endpoints.apply("ada", "we_B", Left(stores.endpoints.get("ada", "we_B").url))
    third = stores.finish(webhook=None)

    told = [[each.endpoint_id for each in stores.deliveries.of_job(job.id)] for job in (first, second, third)]
    assert [["we_A"], ["we_B"], []] == told


def test_ends_and_new_endpoints_at_the_same_time_miss_nothing(stores: Stores) -> None:
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


def test_an_endpoint_s_deliveries_are_paged_those_of_the_newest_jobs_first(stores: Stores) -> None:
    stores.endpoints.add(endpoint("we_A", "video.completed"))
    jobs = [stores.finish() for _ in range(5)]

    def page(after: str | None) -> tuple[Sequence[Delivery], bool]:
        found = stores.deliveries.to_endpoint("we_A", limit=2, after=after)
        return found.deliveries, found.has_more

    found = walked(page, lambda each: each.id, pages=3)
    assert [delivery_id(job.id, job.version, "we_A") for job in reversed(jobs)] == [each.id for each in found]
    assert [] == list(stores.deliveries.to_endpoint("we_B", limit=2).deliveries)
    assert found[0] == stores.deliveries.get(found[0].id)
    with pytest.raises(NotFound):
        stores.deliveries.get("wd_x")
