"""The links that submit gives to an S3 server's objects, and what an attacker can make of one: nothing else."""

from __future__ import annotations

import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import pytest
from prometheus_client import generate_latest

from functions.submit.app import create_app
from shared import wiring
from shared.adapters.s3_artifacts import S3Artifacts
from shared.core.access import new_api_key
from shared.core.job import Job
from shared.settings import Settings
from shared.wiring import Services
from tests import rgw
from tests.functions.jobs import complete, queue

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Place:
    """submit over a real S3 server, with one video of this tenant and one of another."""

    client: object
    services: Services
    auth: dict[str, str]
    mine: Job
    theirs: Job

    def content(self, job: Job, query: str = ""):
        return self.client.get(f"/v1/videos/{job.id}/content{query}", headers=self.auth)

    def link(self) -> str:
        answer = self.content(self.mine)
        assert 302 == answer.status_code
        return answer.headers["Location"]


@pytest.fixture
def place_with(s3_server: rgw.Rgw, s3_session: boto3.Session, tmp_path: Path) -> Iterator:
    built = []

    def build(**variables: str) -> Place:
        key = new_api_key()
        environ = {"REDIS_URL": "memory://", "ARTIFACTS_URL": "memory://", "K_SINK": "memory://", "API_KEYS": key}
        settings = Settings.from_env(environ | variables)
        url = f"s3://artifacts/{tmp_path.name}"
        artifacts = S3Artifacts.from_url(url, endpoint_url=s3_server.endpoint, session=s3_session)
        services = replace(wiring.build(settings), artifacts=artifacts)
        built.append(services)
        jobs = [complete(services, settings, queue(services, tenant=t).id) for t in ("default", "other")]
        client = create_app(settings, services).test_client()
        return Place(client, services, {"Authorization": f"Bearer {key}"}, *jobs)

    yield build
    for services in built:
        services.close()


@pytest.fixture
def place(place_with) -> Place:
    return place_with()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    data = b"mine now" if method in ("PUT", "POST") else None
    wanted = urllib.request.Request(url, method=method, headers=headers, data=data)
    try:
        with DIRECT.open(wanted, timeout=10) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_a_link_is_for_one_file_named_and_typed_by_us_and_short_lived(place: Place):
    link = place.link()
    status, headers, body = ask(link)

    assert (200, b"0123456789") == (status, body)
    lowered = {name.lower(): value for name, value in headers.items()}
    assert "video/mp4" == lowered["content-type"]
    assert f"attachment; filename*=UTF-8''{place.mine.id}.mp4" == lowered["content-disposition"]
    assert int(parse_qs(urlsplit(link).query)["X-Amz-Expires"][0]) <= 900


def test_a_link_serves_parts(place: Place):
    status, _, body = ask(place.link(), Range="bytes=2-4")

    assert (206, b"234") == (status, body)


@pytest.mark.parametrize("variant", ["video", "thumbnail", "spritesheet"])
def test_every_variant_has_a_link(place: Place, variant: str):
    answer = place.content(place.mine, f"?variant={variant}")

    status, headers, _ = ask(answer.headers["Location"])
    assert (200, place.mine.output.variants[variant].content_type) == (status, headers["Content-Type"])


def tampered(place: Place, server: rgw.Rgw) -> dict[str, tuple[str, str, dict[str, str]]]:
    """What an attacker who holds a good link may try: the URL, the method, headers."""
    link = place.link()
    bare, query = link.split("?", 1)
    parts = parse_qs(query)
    mine, theirs = place.mine.output.video.key, place.theirs.output.video.key
    bucket = f"{server.endpoint}/artifacts"
    changed = {
        "another tenant's file": link.replace(mine, theirs),
        "another file of the same job": link.replace("video.mp4?", "thumbnail.webp?"),
        "a path that climbs": link.replace(mine, f"{mine}/../../../../{theirs}"),
        "a longer life": link.replace("X-Amz-Expires=900", "X-Amz-Expires=604800"),
        "another date": link.replace(parts["X-Amz-Date"][0], "20991231T000000Z"),
        "another key id": link.replace("AKOWNER", "AKSTRANGER"),
        "another signature": link.replace(parts["X-Amz-Signature"][0], "0" * 64),
        "no signature": bare,
        "another host": link.replace("127.0.0.1", "localhost"),
        "another content type": link.replace(quote("video/mp4", safe=""), quote("text/html", safe="")),
        "another disposition": link.replace("attachment", "inline"),
        "one more response header": f"{link}&response-cache-control=public",
        "a second content type": f"{link}&response-content-type=text%2Fhtml",
        "the bucket's list": f"{bucket}?{query}",
        "the bucket's list below us": f"{bucket}?list-type=2&prefix=&{query}",
        "the file's permissions": f"{bare}?acl&{query}",
        "its tags": f"{bare}?tagging&{query}",
        "an upload in parts": f"{bare}?uploads&{query}",
    }
    attacks = {name: (url, "GET", {}) for name, url in changed.items()}
    for method in ("HEAD", "PUT", "POST", "DELETE"):
        attacks[f"the link by {method}"] = (link, method, {})
    attacks["a copy"] = (link, "PUT", {"x-amz-copy-source": f"/artifacts/{theirs}"})
    return attacks


def test_nothing_else_can_be_made_of_a_link(place: Place, s3_server: rgw.Rgw):
    attacks = tampered(place, s3_server)
    link = attacks["the link by HEAD"][0]
    assert [] == [name for name, (url, method, _) in attacks.items() if (url, method) == (link, "GET")]

    answers = {name: ask(url, method, **headers)[0] for name, (url, method, headers) in attacks.items()}

    assert dict.fromkeys(attacks, 403) == answers
    for job in (place.mine, place.theirs):
        assert b"0123456789" == b"".join(place.services.artifacts.read(job.output.video.key))


def test_a_link_ends(place_with):
    link = place_with(LINK_TTL_SECONDS="1").link()
    end = time.monotonic() + 10
    while (status := ask(link)[0]) == 200 and time.monotonic() < end:
        time.sleep(0.2)

    assert 403 == status


def test_another_tenants_video_has_no_link(place: Place):
    assert 404 == place.content(place.theirs).status_code


def test_a_file_that_was_lost_has_no_link(place: Place):
    place.services.artifacts.delete(place.mine.output.video.key)

    answer = place.content(place.mine)

    assert (410, "content_expired") == (answer.status_code, answer.json["error"]["code"])


def test_a_link_is_told_to_its_caller_and_to_nobody_else(place: Place, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG, "functions"), caplog.at_level(logging.DEBUG, "shared"):
        secret = parse_qs(urlsplit(place.link()).query)["X-Amz-Signature"][0]
    video = place.client.get(f"/v1/videos/{place.mine.id}", headers=place.auth).text
    ours = [record for record in caplog.records if record.name.split(".")[0] in ("functions", "shared")]
    told = [record.getMessage() + str(vars(record)) for record in ours]
    told += [str(event) for event in place.services.publisher.events]
    told += [generate_latest().decode(), video]

    assert [] == [text for text in told if secret in text or "X-Amz" in text]
