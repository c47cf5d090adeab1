"""Servers that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from hypothesis import HealthCheck, settings

from tests import rgw
from tests.needs import require
from tests.servers import Valkey, served
from tests.skips import pytest_runtest_makereport  # noqa: F401 - a hook
from tests.stores import Stores, memory_stores, redis_stores

# Against real servers an example takes as long as it takes. More: pytest --hypothesis-profile=thorough
_any_speed = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=50, stateful_step_count=30, **_any_speed)
settings.register_profile("thorough", max_examples=500, stateful_step_count=50, **_any_speed)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """One server for the whole run. Who writes to it takes `redis_url`, which empties it first."""
    yield from served(Valkey(tmp_path_factory.mktemp("valkey")))


@pytest.fixture(scope="session")
def valkey_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A cluster of one node, which refuses what reaches across slots."""
    yield from served(Valkey(tmp_path_factory.mktemp("valkey-cluster"), cluster=True))


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    return _emptied(valkey)


@pytest.fixture
def redis_cluster_url(valkey_cluster: Valkey) -> str:
    return _emptied(valkey_cluster)


@pytest.fixture(params=["memory", "redis", "redis-cluster"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Each family of stores in turn, empty."""
    if request.param == "memory":
        yield memory_stores()
        return
    url = request.getfixturevalue("redis_url" if request.param == "redis" else "redis_cluster_url")
    with redis_stores(url) as family:
        yield family


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


def _emptied(server: Valkey) -> str:
    with server.client() as client:
        client.flushall()
    return server.patient_url
