"""What every JobStore promises of request keys (shared/ports/): one key, one job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core.errors import Conflict
from shared.core.job import Completed, Job
from shared.core.request_key import GONE, MISMATCH, RequestKey
from tests.contract.test_job_store import all_at_once
from tests.stores import OUTPUT, SHORT, Stores, new_job

KEY = RequestKey(name="idempotency:☃ \n", fingerprint="a" * 64, life=timedelta(days=1))
OTHER_BODY = RequestKey(name=KEY.name, fingerprint="b" * 64, life=KEY.life)


def create(stores: Stores, key: RequestKey = KEY, **changes: object) -> Job:
    return stores.jobs.create(new_job(stores.jobs.now(), **changes), key=key)


def test_the_second_creation_gets_the_first_job_and_writes_nothing(stores: Stores) -> None:
    first = create(stores)
    assert first == create(stores)
    assert [first.id] == [job.id for job in stores.jobs.page("ada", limit=10).jobs]
    assert [f"{first.id} dev.flipbook.video.queued.v1"] == stores.unsent()
    assert 1 == stores.jobs.depth().waiting


def test_it_gets_the_job_as_it_stands_now(stores: Stores) -> None:
    create(stores)
    running, _ = stores.claim()
    assert running == create(stores)


def test_another_body_under_the_same_key_is_refused(stores: Stores) -> None:
    first = create(stores)
    with pytest.raises(Conflict) as refused:
        create(stores, OTHER_BODY)
    assert MISMATCH == refused.value.code
    assert [first.id] == stores.jobs.waiting(10)


def test_keys_of_other_names_and_tenants_do_not_meet(stores: Stores) -> None:
    client = RequestKey(name="client:☃ \n", fingerprint=KEY.fingerprint, life=KEY.life)
    jobs = [create(stores), create(stores, client), create(stores, tenant="bob"), create(stores, tenant="ad")]
    assert 4 == len({job.id for job in jobs})
    assert ["bob"] == [job.tenant for job in stores.jobs.page("bob", limit=10).jobs]


def test_a_key_is_free_again_when_its_life_is_over(stores: Stores) -> None:
    short = RequestKey(name=KEY.name, fingerprint=KEY.fingerprint, life=SHORT)
    first = create(stores, short)
    stores.wait(SHORT * 1.2)
    second = create(stores, OTHER_BODY)
    assert first.id != second.id
    assert second == create(stores, OTHER_BODY)


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_key_of_a_deleted_job_says_that_it_is_gone(stores: Stores, *, forgotten: bool) -> None:
    job = create(stores)
    stores.claim()
    held = stores.jobs.get(job.id)
    assert held.attempt is not None
    if forgotten:
        stores.jobs.apply(job.id, Completed(held.attempt, OUTPUT))
        stores.jobs.forget(job.id)
    else:
        stores.jobs.discard(job.id)
    with pytest.raises(Conflict) as refused:
        create(stores)
    assert GONE == refused.value.code
    assert [] == stores.jobs.waiting(10)


def test_the_same_job_again_under_its_key_is_a_lost_answer_repeated(stores: Stores) -> None:
    job = new_job(stores.jobs.now())
    assert job == stores.jobs.create(job, key=KEY)
    running, _ = stores.claim()
    assert running == stores.jobs.create(job, key=KEY)


def test_a_new_key_does_not_make_another_s_id_free(stores: Stores) -> None:
    job = stores.add()
    with pytest.raises(Conflict) as refused:
        stores.jobs.create(new_job(stores.jobs.now(), id=job.id, tenant="bob"), key=KEY)
    assert "job_exists" == refused.value.code
    assert job == stores.jobs.get(job.id)
    assert job.id != create(stores, tenant="bob").id


def test_a_creation_that_was_refused_leaves_its_key_free(stores: Stores) -> None:
    taken = stores.add()
    with pytest.raises(Conflict):
        create(stores, id=taken.id, metadata={"n": "1"})
    assert taken.id != create(stores, OTHER_BODY).id


def test_of_many_creations_together_under_one_key_one_makes_a_job(stores: Stores) -> None:
    results = all_at_once(8, lambda _: create(stores))
    (job_id,) = {job.id for job in results if isinstance(job, Job)}
    assert 8 == len([job for job in results if isinstance(job, Job)])
    assert [job_id] == stores.jobs.waiting(10)
    assert [f"{job_id} dev.flipbook.video.queued.v1"] == stores.unsent()


def test_of_different_requests_together_under_one_key_one_wins(stores: Stores) -> None:
    results = all_at_once(8, lambda n: create(stores, KEY if n % 2 else OTHER_BODY))
    winners = {job.id for job in results if isinstance(job, Job)}
    assert {MISMATCH} == {error.code for error in results if isinstance(error, Conflict)}
    assert sorted(winners) == stores.jobs.waiting(10)
    assert 1 == len(winners)


def part(n: int, fingerprint: str = KEY.fingerprint) -> RequestKey:
    return RequestKey(name=f"{KEY.name}\n{n}", fingerprint=fingerprint, life=KEY.life, whole=KEY.name)


def test_what_was_made_under_a_key_can_be_asked_for(stores: Stores) -> None:
    assert stores.jobs.made("ada", KEY) is None
    create(stores)
    running, _ = stores.claim()
    assert running == stores.jobs.made("ada", KEY)
    assert stores.jobs.made("bob", KEY) is None
    with pytest.raises(Conflict) as refused:
        stores.jobs.made("ada", OTHER_BODY)
    assert MISMATCH == refused.value.code
    stores.jobs.discard(running.id)
    with pytest.raises(Conflict) as gone:
        stores.jobs.made("ada", KEY)
    assert GONE == gone.value.code


def test_each_part_of_a_whole_has_a_job_of_its_own(stores: Stores) -> None:
    jobs = [create(stores, part(n)) for n in (2, 0, 1)]
    assert 3 == len({job.id for job in jobs})
    assert jobs == [create(stores, part(n)) for n in (2, 0, 1)]


@pytest.mark.parametrize("other", [OTHER_BODY, part(1, OTHER_BODY.fingerprint)])
def test_a_whole_that_began_keeps_its_key_from_every_other(stores: Stores, other: RequestKey) -> None:
    begun = create(stores, part(0))
    with pytest.raises(Conflict) as refused:
        create(stores, other)
    assert MISMATCH == refused.value.code
    assert [begun.id] == stores.jobs.waiting(10)


def test_no_part_comes_under_a_key_that_stands_for_another_request(stores: Stores) -> None:
    create(stores, OTHER_BODY)
    with pytest.raises(Conflict) as refused:
        create(stores, part(0))
    assert MISMATCH == refused.value.code


def test_of_different_wholes_together_under_one_key_one_wins(stores: Stores) -> None:
    results = all_at_once(8, lambda n: create(stores, part(n, "ab"[n % 2])))
    made = [job for job in results if isinstance(job, Job)]
    assert 4 == len({job.id for job in made})
    assert {MISMATCH} == {error.code for error in results if isinstance(error, Conflict)}
