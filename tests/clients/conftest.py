"""One platform for all clients, as for the users of one address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.core.access import new_api_key
from tests.clients.platform import Platform, Submit
from tests.peers import closed_port
from tests.servers import Valkey, served


@dataclass(frozen=True)
class Addresses:
    """What a script is told."""

    submit: Submit
    environ: dict[str, str]


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    server = served(Valkey(tmp_path_factory.mktemp("clients-valkey")))
    platform = Platform(tmp_path_factory.mktemp("clients"), next(server).patient_url)
    try:
        submit = platform.start()
        away = platform.submit(REDIS_URL=f"redis://127.0.0.1:{closed_port()}")
        limited = platform.submit(API_KEYS=new_api_key(), RATE_LIMIT="1/1")
        environ = {
            "FLIPBOOK_URL": submit.url,
            "FLIPBOOK_KEY": submit.key,
            "FLIPBOOK_AWAY_URL": away.url,
            "FLIPBOOK_LIMITED_URL": limited.url,
            "FLIPBOOK_LIMITED_KEY": limited.key,
        }
        yield Addresses(submit, environ)
    finally:
        platform.end()
        next(server, None)
