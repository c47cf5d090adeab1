"""Servers that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import Valkey, served
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


def _emptied(server: Valkey) -> str:
    with server.client() as client:
        client.flushall()
    return server.url
