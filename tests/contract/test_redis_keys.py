"""What lies in Redis: nothing outside of the one hash tag, and nothing that stays for ever unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase

import pytest
from redis import Redis

from shared.adapters import redis_keys as keys
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_index import BACKSTOP
from shared.adapters.redis_rates import RedisRateStore
from shared.core.delivery import DeliveryState
from shared.core.job import CancelRequested, Completed, Yielded
from shared.core.progress import Phase, Progress
from shared.core.rate import Rate
from shared.core.request_key import RequestKey
from shared.core.terms import Terms
from tests.contract.test_api_keys import entry
from tests.contract.test_dead_letters import letter
from tests.contract.test_endpoint_store import entry as endpoint
from tests.contract.test_run_store import run
from tests.servers import Valkey
from tests.stores import LEASE, OUTPUT, RETENTION, Stores, new_job, redis_stores

MAX_FINISHED_JOB = 4096


@pytest.fixture
def stores(redis_url: str) -> Iterator[Stores]:
    with redis_stores(redis_url) as stores:
        yield stores


@pytest.fixture
def floor(valkey: Valkey) -> Iterator[Redis]:
    """The server itself, for a look under the stores."""
    with valkey.client() as client:
        yield client


def bytes_used(floor: Redis) -> int:
    return sum(floor.memory_usage(key, samples=0) for key in floor.scan_iter("*"))


def use_everything(stores: Stores) -> None:
    """Leave jobs in every kind of state, and of every kind of row at least one."""
    stores.finish()
    stores.runs.add(run())
    stores.dead_letters.bury(letter(0))
    stores.api_keys.add(entry())
    stores.endpoints.add(endpoint())
    stores.jobs.apply(stores.add().id, CancelRequested())
    key = RequestKey(name="client:a", fingerprint="b", life=LEASE)
    stores.jobs.create(new_job(stores.jobs.now()), key=key)
    stores.add(terms=Terms(timeout=LEASE))
    job, attempt = stores.claim()
    stores.jobs.report(job.id, Progress(attempt=attempt, phase=Phase.DECODING))
    stores.add(terms=Terms(timeout=LEASE))
    taken = stores.take(LEASE)
    assert taken is not None
    stores.deliveries.keep(taken, replace(taken, state=DeliveryState.ABANDONED), rest=LEASE)
    stores.queue.pause("night")


def test_every_key_has_an_end_or_a_reason(stores: Stores, floor: Redis) -> None:
    use_everything(stores)
    found = list(floor.scan_iter("*"))
    assert [] == [key for key in found if not key.startswith("{flipbook}:")]
    assert any(":resting:" in key for key in found)
    lasting = {key for key in found if floor.ttl(key) == -1}
    assert [] == [key for key in lasting if not any(fnmatchcase(key, pattern) for pattern in keys.LASTING)]


def test_every_reason_is_needed(stores: Stores, floor: Redis) -> None:
    use_everything(stores)
    lasting = [key for key in floor.scan_iter("*") if floor.ttl(key) == -1]
    assert [] == [pattern for pattern in keys.LASTING if not any(fnmatchcase(key, pattern) for key in lasting)]


def test_what_is_finished_has_an_end(stores: Stores, floor: Redis) -> None:
    job = stores.finish()
    taken = stores.take(LEASE)
    assert taken is not None
    assert -1 == floor.ttl(keys.delivery(taken.id)) == floor.ttl(keys.deliveries_of(job.id))
    abandoned = replace(taken, state=DeliveryState.ABANDONED)
    stores.deliveries.keep(taken, abandoned)
    for key in (keys.job(job.id), keys.delivery(taken.id), keys.deliveries_of(job.id)):
        assert floor.ttl(key) > 0
    stores.deliveries.keep(abandoned, taken)
    assert -1 == floor.ttl(keys.delivery(taken.id)) == floor.ttl(keys.deliveries_of(job.id))


def test_a_dead_letter_ends_and_leaves_the_list(stores: Stores, floor: Redis) -> None:
    for n in range(3):
        stores.dead_letters.bury(letter(n))
    assert floor.ttl(keys.dead_letter(letter(1).id)) > 0
    floor.delete(keys.dead_letter(letter(1).id))  # as its time to live would
    assert ["evt_2", "evt_0"] == [each.event_id for _, each in stores.dead_letters.page(10)]
    assert 2 == floor.zcard(keys.DEAD_LETTERS)


def test_the_highest_progress_lives_as_long_as_the_job_may_be_seen(stores: Stores, floor: Redis) -> None:
    job = stores.add()
    stores.jobs.report(job.id, Progress(attempt="a", phase=Phase.DECODING))
    assert floor.pttl(keys.peak(job.id)) > BACKSTOP / timedelta(milliseconds=1)


def test_a_request_key_ends_with_its_life_and_shows_no_caller_s_words(stores: Stores, floor: Redis) -> None:
    key = RequestKey(name="idempotency:a secret", fingerprint="b", life=LEASE)
    stores.jobs.create(new_job(stores.jobs.now()), key=key)
    (name,) = floor.scan_iter("{flipbook}:request:*")
    assert 0 < floor.pttl(name) <= LEASE / timedelta(milliseconds=1)
    assert "secret" not in name + floor.get(name)


def test_what_a_caller_spent_is_kept_until_it_grew_back(redis_url: str, floor: Redis) -> None:
    rates = RedisRateStore(RedisConnection(redis_url))
    rates.spend("submit:ada:0a1b2c3d", Rate(10, 60), need=1, want=1)
    rates.close()
    (name,) = floor.scan_iter("*")
    assert name.startswith("{flipbook}:rate:")
    assert "ada" not in name
    assert 0 < floor.pttl(name) <= 6000


def test_forgotten_jobs_leave_nothing_that_stays(stores: Stores, floor: Redis) -> None:
    for _ in range(5):
        job = stores.finish(webhook=None)
        stores.jobs.report(job.id, Progress(attempt="a", phase=Phase.DECODING))
        stores.jobs.forget(job.id)
    for event in stores.outbox.unsent(older_than=timedelta(0), limit=100):
        stores.outbox.sent(event.id)
    stores.wait(RETENTION)
    # Of the last hour, and then they go too; and one number.
    assert {keys.WAITS, keys.FLOWS} == set(floor.scan_iter("*"))
    assert [keys.CLOCK] == floor.zrange(keys.FLOWS, 0, -1)


def test_a_record_that_expired_before_it_was_forgotten_is_off_the_list(stores: Stores, floor: Redis) -> None:
    jobs = [stores.finish() for _ in range(5)]
    for job in jobs[1:4]:
        floor.delete(keys.job(job.id))
    page = stores.jobs.page("ada", limit=2, ascending=True)
    assert ([jobs[0], jobs[4]], False) == (page.jobs, page.has_more)
    assert 2 == floor.zcard(keys.tenant("ada"))
    stores.jobs.forget(jobs[1].id)
    assert floor.zscore(keys.REMOVALS, jobs[1].id) is None


def test_a_finished_job_takes_little_memory(stores: Stores, floor: Redis) -> None:
    stores.finish()
    before = bytes_used(floor)
    for _ in range(50):
        stores.finish()
        taken = stores.take(LEASE)
        assert taken is not None
        stores.deliveries.keep(taken, replace(taken, state=DeliveryState.DELIVERED, body="x" * 500))
    for event in stores.outbox.unsent(older_than=timedelta(0), limit=1000):
        stores.outbox.sent(event.id)
    assert (bytes_used(floor) - before) / 50 <= MAX_FINISHED_JOB


def test_a_job_that_was_queued_before_there_were_terms_has_those_of_who_says_nothing(
    stores: Stores, floor: Redis
) -> None:
    job = stores.add()
    record = json.loads(floor.get(keys.job(job.id)))
    del record["terms"]
    floor.set(keys.job(job.id), json.dumps(record))
    assert Terms() == stores.claim()[0].terms


def test_a_job_that_a_newer_version_wrote_is_changed_and_loses_nothing(stores: Stores, floor: Redis) -> None:
    job = stores.add()
    name = keys.job(job.id)
    record = json.loads(floor.get(name)) | {"news": [1, "☃"]}
    record["request"]["style"] = {"noir": 0.5}
    record["terms"]["hue"] = None
    floor.set(name, json.dumps(record))

    def kept() -> list[object]:
        found = json.loads(floor.get(name))
        return [found["news"], found["request"]["style"], found["terms"]["hue"], found["metadata"]]

    running, attempt = stores.claim()
    assert (job.id, [[1, "☃"], {"noir": 0.5}, None, dict(job.metadata)]) == (running.id, kept())
    stores.jobs.apply(job.id, Yielded(attempt))
    _, attempt = stores.claim()
    done = stores.jobs.apply(job.id, Completed(attempt, OUTPUT))
    assert ([[1, "☃"], {"noir": 0.5}, None, dict(job.metadata)], OUTPUT) == (kept(), done.output)
    record = json.loads(floor.get(name))
    record["output"]["hdr"] = True
    floor.set(name, json.dumps(record))
    stores.jobs.discard(job.id)
    assert (True, [1, "☃"]) == (json.loads(floor.get(name))["output"]["hdr"], kept()[0])
    assert replace(done, discarded=True) == stores.jobs.get(job.id)


def test_a_video_that_was_drawn_before_there_were_timings_is_read(stores: Stores, floor: Redis) -> None:
    job = stores.finish()
    record = json.loads(floor.get(keys.job(job.id)))
    for name in ("spritesheet", "grid", "checks", "timings", "resumed_from", "gpu"):
        del record["output"][name]
    floor.set(keys.job(job.id), json.dumps(record))
    assert job == stores.jobs.get(job.id)
