"""The real S3 server that the contract tests share."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from tests import rgw
from tests.needs import require


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rgw.Rgw]:
    require(*rgw.PROGRAMS)
    with rgw.running(tmp_path_factory.mktemp("rgw")) as server:
        yield server


@pytest.fixture(scope="session")
def s3_session(s3_server: rgw.Rgw) -> boto3.Session:
    session = boto3.Session(*s3_server.owner, region_name="us-east-1")
    session.client("s3", endpoint_url=s3_server.endpoint).create_bucket(Bucket="artifacts")
    return session
