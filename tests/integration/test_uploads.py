"""A finished video PUT by a presigned URL to a bucket of its caller's, from a bucket of ours: real S3 on both sides."""

from __future__ import annotations

import hashlib
import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import boto3
import pytest
from botocore.config import Config

from functions.notify.handler import Courier
from functions.submit.app import create_app
from shared import wiring
from shared.adapters.s3_artifacts import S3Artifacts
from shared.core.access import new_api_key
from shared.core.delivery import DeliveryState
from shared.settings import Settings
from shared.wiring import Services
from tests import rgw
from tests.functions.jobs import complete
from tests.functions.studio import eventually

VIDEO = random.Random(7).randbytes(3_000_000)
BUCKET = "theirs"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
KEY = new_api_key()
AUTH = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def bucket(s3_server: rgw.Rgw):
    """Their client, of a bucket that we have no keys for."""
    session = boto3.Session(*s3_server.stranger, region_name="us-east-1")
    client = session.client("s3", endpoint_url=s3_server.endpoint, config=Config(signature_version="s3v4"))
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def settings() -> Settings:
    return Settings.from_env(
        {
            "REDIS_URL": "memory://",
            "ARTIFACTS_URL": "memory://",
            "K_SINK": "memory://",
            "API_KEYS": KEY,
            "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "WEBHOOK_NETWORKS": "127.0.0.0/8",
            "UPLOAD_HOSTS": "127.0.0.1",
        }
    )


@pytest.fixture
def services(settings: Settings, s3_server: rgw.Rgw, s3_session: boto3.Session, tmp_path: Path) -> Iterator[Services]:
    url = f"s3://artifacts/{tmp_path.name}"
    artifacts = S3Artifacts.from_url(url, endpoint_url=s3_server.endpoint, session=s3_session)
    built = replace(wiring.build(settings), artifacts=artifacts)
    yield built
    built.close()


def presigned(bucket, key: str, seconds: int = 60) -> str:
    facts = {"Bucket": BUCKET, "Key": key, "ContentType": "video/mp4"}
    return bucket.generate_presigned_url("put_object", Params=facts, ExpiresIn=seconds)


def sent(services: Services, settings: Settings, url: str):
    """What became of a new video that was to go there."""
    client = create_app(settings, services).test_client()
    asked = client.post("/v1/videos", json={"prompt": "a red cat", "output": {"upload_url": url}}, headers=AUTH)
    complete(services, settings, asked.json["id"], VIDEO)
    Courier(services, settings, Event()).run()
    [upload] = services.deliveries.of_job(asked.json["id"])
    return upload


def test_it_lies_in_their_bucket_to_the_byte(services, settings, bucket):
    upload = sent(services, settings, presigned(bucket, "films/cat.mp4"))

    found = bucket.get_object(Bucket=BUCKET, Key="films/cat.mp4")
    assert (DeliveryState.DELIVERED, 1) == (upload.state, upload.attempts)
    assert ("video/mp4", len(VIDEO)) == (found["ContentType"], found["ContentLength"])
    assert hashlib.sha256(VIDEO).digest() == hashlib.sha256(found["Body"].read()).digest()


def test_a_url_that_has_expired_is_given_up_at_once(services, settings, bucket):
    url = presigned(bucket, "late.mp4", seconds=1)
    eventually(lambda: refused(url), timeout=20)

    upload = sent(services, settings, url)

    assert (DeliveryState.ABANDONED, 1, 403) == (upload.state, upload.attempts, upload.last_status)


def refused(url: str) -> bool:
    time.sleep(0.2)
    ask = urllib.request.Request(url, b"", {"Content-Type": "video/mp4"}, method="PUT")
    try:
        DIRECT.open(ask, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code == 403
    return False
