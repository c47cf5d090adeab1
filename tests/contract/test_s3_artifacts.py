"""What only an S3 server can show: links, refusals, transfers in parts, and its absence."""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from shared.adapters.s3_artifacts import MULTIPART, S3Artifacts
from shared.core.errors import Damaged, Unavailable
from tests import rgw
from tests.peers import closed_port

KEY = "tenant/video_1/attempt/video.mp4"
MINUTE = timedelta(minutes=1)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def store(s3_server: rgw.Rgw, s3_session: boto3.Session, tmp_path: Path) -> S3Artifacts:
    return S3Artifacts.from_url(f"s3://artifacts/{tmp_path.name}", endpoint_url=s3_server.endpoint, session=s3_session)


def store_of(server: rgw.Rgw, keys: tuple[str, str], bucket: str = "artifacts") -> S3Artifacts:
    return S3Artifacts(bucket, endpoint_url=server.endpoint, session=boto3.Session(*keys))


def link(store: S3Artifacts, *, expires: timedelta = MINUTE, filename: str = "video.mp4") -> str:
    url = store.link(KEY, expires=expires, filename=filename, content_type="video/mp4")
    assert url is not None
    return url


def status(url: str, method: str = "GET") -> int:
    try:
        with DIRECT.open(urllib.request.Request(url, method=method), timeout=5) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_link_lets_anybody_get_the_object_as_a_file_with_that_name(store: S3Artifacts):
    store.put(KEY, b"the video", "application/octet-stream")
    with DIRECT.open(link(store, filename='fox "ä".mp4'), timeout=5) as response:
        assert b"the video" == response.read()
        assert "video/mp4" == response.headers["content-type"]
        assert "attachment; filename*=UTF-8''fox%20%22%C3%A4%22.mp4" == response.headers["content-disposition"]


def test_a_link_opens_nothing_else(s3_server: rgw.Rgw, store: S3Artifacts):
    store.put(KEY, b"the video", "video/mp4")
    store.put(KEY + "2", b"another", "video/mp4")
    url = link(store)
    host, query = url.split("?", 1)
    assert 200 == status(url)
    refused = {
        "another object": f"{host}2?{query}",
        "another expiry": url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        "another content type": url.replace("video%2Fmp4", "text%2Fhtml"),
        "no signature": host,
        "the bucket": f"{s3_server.endpoint}/artifacts?{query}",
    }
    assert url not in refused.values()
    assert dict.fromkeys(refused, 403) == {what: status(changed) for what, changed in refused.items()}
    assert [403, 403] == [status(url, "DELETE"), status(url, "PUT")]


def test_a_link_made_with_a_wrong_secret_opens_nothing(s3_server: rgw.Rgw, store: S3Artifacts):
    store.put(KEY, b"the video", "video/mp4")
    forged = store_of(s3_server, (s3_server.owner[0], "not-the-secret"))
    assert 403 == status(link(forged))


def test_a_link_ends(store: S3Artifacts):
    store.put(KEY, b"the video", "video/mp4")
    url = link(store, expires=timedelta(seconds=1))
    assert 200 == status(url)
    end = time.monotonic() + 10
    while (answer := status(url)) == 200 and time.monotonic() < end:
        time.sleep(0.2)
    assert 403 == answer


def test_a_big_file_goes_in_parts_and_comes_back_whole(store: S3Artifacts, tmp_path: Path):
    size = MULTIPART.multipart_threshold + 12_345
    source = tmp_path / "big"
    with source.open("wb") as file:
        file.truncate(size)
        file.seek(40_000_000)
        file.write(b"somewhere in the second part")
    facts = store.put(KEY, source, "video/mp4")
    assert facts == store.stat(KEY)
    assert size == facts.bytes
    digest = hashlib.sha256()
    for chunk in store.read(KEY):
        digest.update(chunk)
    assert facts.sha256 == digest.hexdigest()


def test_bytes_damaged_on_the_way_are_refused_by_the_server(store: S3Artifacts):
    store.put(KEY, b"good", "text/plain")

    def damage(request, **_):
        request.body = b"evil"

    store._client.meta.events.register("before-send.s3.PutObject", damage)
    with pytest.raises(Unavailable, match="PutObject"):
        store.put(KEY, b"nice", "text/plain")
    assert b"good" == b"".join(store.read(KEY))


def test_what_others_put_there_is_not_passed_off_as_ours(store: S3Artifacts):
    store._client.put_object(Bucket="artifacts", Key=store._name(KEY), Body=b"?")
    with pytest.raises(Damaged, match="not put there by this store"):
        store.stat(KEY)


def refusals(store: S3Artifacts) -> list[str]:
    calls = (store.ping, lambda: store.put(KEY, b"", "text/plain"), lambda: store.read(KEY), lambda: store.delete(KEY))
    said = []
    for call in calls:
        with pytest.raises(Unavailable) as refusal:
            call()
        said.append(str(refusal.value))
    return said


def test_a_bucket_of_somebody_else_is_named_in_a_clear_error(s3_server: rgw.Rgw, s3_session: boto3.Session):
    for sentence in refusals(store_of(s3_server, s3_server.stranger)):
        assert sentence.startswith("bucket artifacts refused ")
        assert sentence.endswith(": access is denied")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [(("AKNOBODY", "x"), "the access key is not known there"), (("AKOWNER", "x"), "the secret key is wrong")],
)
def test_wrong_credentials_are_named_in_a_clear_error(
    s3_server: rgw.Rgw, s3_session: boto3.Session, keys: tuple[str, str], reason: str
):
    first, *others = refusals(store_of(s3_server, keys))
    assert "bucket artifacts refused HeadBucket: access is denied" == first  # a HEAD's answer has no body to say more
    for sentence in others:
        assert sentence.endswith(f": {reason}")


def test_a_bucket_that_does_not_exist_is_named_in_a_clear_error(s3_server: rgw.Rgw):
    for sentence in refusals(store_of(s3_server, s3_server.owner, "no-such-bucket")):
        assert sentence.startswith("bucket no-such-bucket refused ")


def test_a_server_that_is_away_is_unavailable_within_seconds():
    store = S3Artifacts("b", endpoint_url=f"http://127.0.0.1:{closed_port()}", session=boto3.Session("a", "b"))
    started = time.monotonic()
    with pytest.raises(Unavailable, match="bucket b cannot be used: EndpointConnectionError"):
        store.put(KEY, b"", "text/plain")
    assert time.monotonic() - started < 8


def test_no_credentials_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store = S3Artifacts("b", endpoint_url=f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Unavailable, match="bucket b cannot be used: NoCredentialsError"):
        store.ping()


@pytest.mark.parametrize("url", ["s3:///x", "http://bucket", "s3://bucket/../x", "s3://bucket/a?b=c", "s3://b/a b"])
def test_an_url_of_another_form_is_refused(url: str):
    with pytest.raises(ValueError, match=r"s3://bucket/prefix|artifact key"):
        S3Artifacts.from_url(url, session=boto3.Session("a", "b"))
