"""Servers that break off, or go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import FaultProxy
from tests.servers import Valkey, served


@pytest.fixture(params=[False, True], ids=["redis", "redis-cluster"])
def mortal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Valkey]:
    """A server that a test may kill."""
    yield from served(Valkey(tmp_path, cluster=request.param))


@pytest.fixture
def proxy(redis_url: str, valkey: Valkey) -> Iterator[FaultProxy]:
    """A way to the server that loses answers."""
    with FaultProxy(valkey.port) as between:
        yield between
