import asyncio
import os

import pytest
from redis import Redis

from local.redis_server import RedisServer
from shared.adapters.redis_connection import RedisConnection
from shared.core.errors import Unavailable


@pytest.fixture
def on_a_slow_disk(tmp_path):
    """Does something at a server's URL while the server stands still for a second and a half."""

    def play(then):
        return asyncio.run(_played(RedisServer(tmp_path, os.environ), then))

    return play


async def _played(server, then):
    await server.start()
    try:
        with Redis.from_url(server.url) as owner:
            owner.execute_command("CLIENT", "PAUSE", 1500, "ALL")
        return await asyncio.to_thread(then, server.url)
    finally:
        await server.stop()


def _ping(url: str) -> None:
    connection = RedisConnection(url)
    try:
        connection.ping()
    finally:
        connection.close()


def test_a_slow_disk_is_waited_for(on_a_slow_disk):
    on_a_slow_disk(_ping)


def test_elsewhere_another_try_may_do_better_than_a_long_wait(on_a_slow_disk):
    with pytest.raises(Unavailable):
        on_a_slow_disk(lambda url: _ping(url.partition("?")[0]))
