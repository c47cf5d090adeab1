"""DELETE /v1/videos/{id}: gone for its caller at once, whatever is away, and gone for good soon after."""

from dataclasses import replace

import pytest

from functions.recover.handler import Sweeper
from functions.submit.app import create_app
from shared.core import keys
from shared.core.errors import NotFound
from shared.core.ids import new_attempt_id
from shared.core.job import Cancelled, Completed, Failed, JobError, JobState
from tests.functions.jobs import complete, queue
from tests.functions.outage import Outage
from tests.unit.core.samples import OUTPUT


def statuses(client, auth, job_id):
    """What a second DELETE and every look at the video say."""
    again = client.delete(f"/v1/videos/{job_id}", headers=auth).status_code
    looks = (client.get(f"/v1/videos/{job_id}{path}", headers=auth).status_code for path in ("", "/content"))
    return [again, *looks]


@pytest.mark.parametrize("state", ["queued", "running", "cancelling", "completed", "failed", "cancelled"])
def test_in_whatever_state_it_was_it_is_gone_and_the_second_time_unknown(client, auth, services, settings, state):
    job = queue(services)
    if state == "completed":
        complete(services, settings, job.id)
    elif state != "queued":
        services.jobs.claim("a", settings.lease)
    if state in ("cancelling", "cancelled"):
        client.post(f"/v1/videos/{job.id}/cancel", headers=auth)
    if state == "cancelled":
        services.jobs.apply(job.id, Cancelled("a"))
    if state == "failed":
        services.jobs.apply(job.id, Failed("a", JobError("out_of_memory", "the GPU's memory was full")))
    assert state == services.jobs.get(job.id).state

    answer = client.delete(f"/v1/videos/{job.id}", headers=auth)

    assert (200, {"id": job.id, "object": "video.deleted", "deleted": True}) == (answer.status_code, answer.json)
    assert [404, 404, 404] == statuses(client, auth, job.id)
    assert [] == client.get("/v1/videos", headers=auth).json["data"]


def test_what_its_worker_finishes_all_the_same_is_removed_by_the_next_sweep(client, auth, services, settings):
    job, attempt = queue(services), new_attempt_id()
    services.jobs.claim(attempt, settings.lease)
    client.delete(f"/v1/videos/{job.id}", headers=auth)
    services.artifacts.put(keys.artifact_key(job.tenant, job.id, attempt, "video.mp4"), b"late", "video/mp4")
    assert JobState.COMPLETED is services.jobs.apply(job.id, Completed(attempt, OUTPUT)).state
    assert [404, 404, 404] == statuses(client, auth, job.id)

    Sweeper(services, settings).sweep()

    with pytest.raises(NotFound):
        services.jobs.get(job.id)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
    assert [404, 404, 404] == statuses(client, auth, job.id)


@pytest.mark.parametrize(("store", "method"), [("artifacts", "delete"), ("jobs", "forget")])
def test_a_store_that_is_away_costs_the_caller_nothing_and_recover_does_the_rest(
    auth, services, settings, store, method
):
    job = complete(services, settings, queue(services).id)
    broken = replace(services, **{store: Outage(getattr(services, store), method)})
    client = create_app(settings, broken).test_client()

    assert 200 == client.delete(f"/v1/videos/{job.id}", headers=auth).status_code
    assert [404, 404, 404] == statuses(client, auth, job.id)
    assert services.jobs.get(job.id).discarded

    Sweeper(services, settings).sweep()

    with pytest.raises(NotFound):
        services.jobs.get(job.id)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_job_store_that_is_away_deletes_nothing_and_says_so(auth, services, settings):
    job = complete(services, settings, queue(services).id)
    client = create_app(settings, replace(services, jobs=Outage(services.jobs, "discard"))).test_client()

    answer = client.delete(f"/v1/videos/{job.id}", headers=auth)

    assert (503, "store_unavailable") == (answer.status_code, answer.json["error"]["code"])
    assert job == services.jobs.get(job.id)
    assert b"0123456789" == b"".join(services.artifacts.read(job.output.video.key))
