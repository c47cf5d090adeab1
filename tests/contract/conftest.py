"""The real S3 server that the contract tests share, and a Valkey that one of them may kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests import rgw
from tests.needs import require
from tests.servers import Valkey, served


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


@pytest.fixture(params=[False, True], ids=["redis", "redis-cluster"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Valkey]:
    """A server that a test may kill."""
    yield from served(Valkey(tmp_path, cluster=request.param))
