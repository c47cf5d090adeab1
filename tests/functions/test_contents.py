"""The files of a video: which there are, how they are sent, and what is said when they are not there."""

from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.adapters.memory_artifacts import MemoryArtifacts
from shared.core import keys
from shared.core.access import new_api_key
from shared.core.job import Failed, JobError
from tests.functions.jobs import complete, queue


class Linking(MemoryArtifacts):
    """A store whose objects have URLs of their own, as S3's do."""

    def link(self, key, *, expires, filename, content_type):
        return f"https://objects.example/{key}?for={expires.total_seconds():g}&as={filename}&type={content_type}"


@pytest.fixture
def linking(settings, services):
    return replace(services, artifacts=Linking())


@pytest.fixture
def linked(settings, linking):
    """A completed video in such a store, and a client of submit over it."""
    return complete(linking, settings, queue(linking).id), create_app(settings, linking).test_client()


@pytest.fixture
def done(services, settings):
    """A completed video's content, as a path."""
    return f"/v1/videos/{complete(services, settings, queue(services).id).id}/content"


def get(client, auth, url, method="GET", **headers):
    return client.open(url, method=method, headers=auth | {k: v for k, v in headers.items() if v is not None})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (b"0123456789", "video/mp4", ".mp4")),
        ("?variant=video", (b"0123456789", "video/mp4", ".mp4")),
        ("?variant=thumbnail", (b"webp", "image/webp", "-thumbnail.webp")),
        ("?variant=spritesheet", (b"jpeg", "image/jpeg", "-spritesheet.jpg")),
    ],
)
def test_each_variant_is_sent_whole_and_in_part(client, auth, done, query, expected):
    data, content_type, ending = expected
    url, job_id = done + query, done.split("/")[3]

    whole, head = get(client, auth, url), get(client, auth, url, "HEAD")
    part = get(client, auth, url, Range="bytes=1-2")
    known = get(client, auth, url, **{"If-None-Match": whole.headers["ETag"]})

    assert (200, data, content_type) == (whole.status_code, whole.data, whole.content_type)
    assert f'inline; filename="{job_id}{ending}"' == whole.headers["Content-Disposition"]
    assert "nosniff" == whole.headers["X-Content-Type-Options"]
    assert (200, b"", len(data)) == (head.status_code, head.data, head.content_length)
    assert (206, data[1:3]) == (part.status_code, part.data)
    assert (304, b"") == (known.status_code, known.data)


@pytest.mark.parametrize("flag", ["true", "1"])
def test_a_file_that_is_to_be_saved_is_an_attachment(client, auth, done, flag):
    answer = get(client, auth, f"{done}?download={flag}")

    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_store_with_links_is_where_the_caller_is_sent(linked, auth):
    job, client = linked

    answer = get(client, auth, f"/v1/videos/{job.id}/content")

    expected = f"https://objects.example/{job.output.video.key}?for=900&as={job.id}.mp4&type=video/mp4"
    assert (302, expected, "no-store") == (
        answer.status_code,
        answer.headers["Location"],
        answer.headers["Cache-Control"],
    )


@pytest.mark.parametrize(
    ("how", "wanted", "status"),
    [
        ("GET ?redirect=false", None, 200),
        ("GET ?redirect=0", "bytes=0-1", 206),
        ("HEAD ", None, 200),
        ("HEAD ?redirect=true", None, 200),
    ],
)
def test_who_wants_no_link_or_could_not_use_it_gets_the_bytes_here(linked, auth, how, wanted, status):
    job, client = linked
    method, query = how.split(" ")

    answer = get(client, auth, f"/v1/videos/{job.id}/content{query}", method, Range=wanted)

    assert (status, None) == (answer.status_code, answer.headers.get("Location"))


def test_who_has_the_file_already_gets_no_link_to_it(linked, auth):
    job, client = linked

    known = get(client, auth, f"/v1/videos/{job.id}/content", **{"If-None-Match": f'"{job.output.video.sha256}"'})

    assert 304 == known.status_code


@pytest.mark.parametrize(
    ("query", "pointer"), [("variant=sound", "/variant"), ("redirect=yes", "/redirect"), ("download=", "/download")]
)
def test_a_wrong_argument_is_named_with_what_is_allowed(client, auth, done, query, pointer):
    answer = get(client, auth, f"{done}?{query}")

    assert (400, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])
    assert "must be" in answer.json["detail"]


def test_a_video_from_before_there_were_spritesheets_has_none_and_says_so(client, auth, services, settings):
    job = complete(services, settings, queue(services).id, sheet=False)

    answer = get(client, auth, f"/v1/videos/{job.id}/content?variant=spritesheet")

    assert (404, "not_found") == (answer.status_code, answer.json["error"]["code"])
    assert f"{job.id} was drawn before there were spritesheets, and has none" == answer.json["detail"]


def test_a_failed_job_has_no_file_and_never_will(client, auth, services, settings):
    job = queue(services)
    services.jobs.claim("a", settings.lease)
    services.jobs.apply(job.id, Failed("a", JobError("quality_check_failed", "all black")))

    answer = get(client, auth, f"/v1/videos/{job.id}/content")

    assert (404, "not_found") == (answer.status_code, answer.json["error"]["code"])


@pytest.mark.parametrize("query", ["", "?redirect=false"])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-1"}])
def test_a_file_that_was_lost_is_gone_and_no_link_leads_to_it(linked, linking, auth, query, headers):
    """A bucket's own rule, or an operator, may remove what the record still names."""
    job, client = linked
    linking.artifacts.delete(keys.job_prefix(job.tenant, job.id))

    answer = get(client, auth, f"/v1/videos/{job.id}/content{query}", **headers)

    assert (410, "content_expired") == (answer.status_code, answer.json["error"]["code"])
    assert f"the video of {job.id} is no longer kept" == answer.json["detail"]
    assert 410 == get(client, auth, f"/v1/videos/{job.id}/content{query}", "HEAD").status_code


def test_another_tenants_file_is_not_found_whatever_became_of_it(settings_with, services, api_key, auth):
    settings = settings_with(API_KEYS=api_key)
    job = complete(services, settings, queue(services, tenant="other").id)
    client = create_app(settings, services).test_client()

    before = get(client, auth, f"/v1/videos/{job.id}/content")
    services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
    after = get(client, auth, f"/v1/videos/{job.id}/content")

    assert (404, 404, before.json) == (before.status_code, after.status_code, after.json)


def test_a_deleted_job_takes_every_file_along(client, auth, services, settings):
    job = complete(services, settings, queue(services).id)

    assert 200 == client.delete(f"/v1/videos/{job.id}", headers=auth).status_code

    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
    assert 404 == get(client, auth, f"/v1/videos/{job.id}/content").status_code
    assert 404 == client.delete(f"/v1/videos/{job.id}", headers=auth).status_code


@pytest.fixture
def swept(settings_with, services):
    """A completed video whose time is over, as recover leaves it."""
    job = complete(services, settings_with(), queue(services).id)
    services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
    services.jobs.forget(job.id)
    return job


@pytest.mark.parametrize("query", ["", "?variant=thumbnail", "?redirect=false"])
def test_for_a_while_a_video_whose_time_is_over_is_gone_and_not_just_unknown(client, auth, swept, query):
    content = get(client, auth, f"/v1/videos/{swept.id}/content{query}")
    video = get(client, auth, f"/v1/videos/{swept.id}")

    assert (410, "content_expired") == (content.status_code, content.json["error"]["code"])
    assert f"the video of {swept.id} is no longer kept" == content.json["detail"]
    assert 404 == video.status_code
    assert 404 == client.delete(f"/v1/videos/{swept.id}", headers=auth).status_code


def test_nobody_else_learns_that_there_was_a_video(settings_with, services, swept):
    other = new_api_key()
    client = create_app(settings_with(API_KEYS=f"other={other}"), services).test_client()
    auth, never = {"Authorization": f"Bearer {other}"}, "video_" + "0" * 26

    answers = [get(client, auth, f"/v1/videos/{job_id}/content") for job_id in (swept.id, never)]

    assert [404, 404] == [answer.status_code for answer in answers]
    assert answers[1].json["detail"] == answers[0].json["detail"].replace(swept.id, never)
