"""The way to a Redis or Valkey server, single or cluster: short waits, one retry, one kind of error."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from shared.adapters import redis_keys
from shared.adapters.redis_clock import ServerClock
from shared.core.errors import Unavailable, UnsafeServer

T = TypeVar("T")
Client = redis.Redis | redis.RedisCluster

_log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 0.4
_CONNECTIONS: Final = 32
"""Calls at a time from one process. More would only wait inside, and be taken for a server that does not answer."""
_PATIENCE_S: Final = 1.0
"""How long a call waits for its turn. In a flood the rest is sent away in time to come again."""
_RETRY_WITHIN_S: Final = 0.6
"""A call that failed this early is tried once more; so a caller hears of it within about a second."""
_TRANSIENT: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ClusterError,
    exceptions.RedisClusterException,
    exceptions.TryAgainError,
)
_REFUSALS: Final = (exceptions.OutOfMemoryError, exceptions.ReadOnlyError)
_REFUSAL_CODES: Final = ("MISCONF", "NOREPLICAS")
"""A server that is there and cannot take a write now says so; redis-py has classes for the first two only."""


class Script:
    """A Lua script beside this module, known to servers by its hash."""

    def __init__(self, file: str) -> None:
        self.text = Path(__file__).with_name(file).read_text()
        # Redis names scripts by SHA-1; nothing is protected by it.
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class RedisConnection:
    """Scripts and pings over one URL: redis://, rediss://, unix://, redis-cluster:// or rediss-cluster://.

    Connects at the first call, and again after every fault. Threads may share it. Nothing is waited for
    longer than `timeout` seconds at a time; the URL's query may set redis-py's connection options
    all the same, e.g. `?socket_timeout=2`.
    """

    def __init__(self, url: str, *, timeout: float = _TIMEOUT_S, retries: bool = True) -> None:
        self._url = url
        self._timeout = timeout
        self._retries = retries
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._warned = False
        self.clock = ServerClock()

    def run(self, script: Script, keys: Sequence[str], args: Sequence[str]) -> Any:
        """Run `script`; it may run twice when an answer is lost, so it must allow for that.

        Raises:
            Unavailable: No answer came, or the server cannot take writes.
        """

        def evaluate(client: Client) -> Any:
            try:
                return _called(client, "EVALSHA", script.sha, len(keys), *keys, *args)
            except exceptions.NoScriptError:
                # A restarted or promoted server has an empty script cache; EVAL fills it.
                return client.eval(script.text, len(keys), *keys, *args)

        return self._ask(evaluate)

    def ping(self) -> None:
        """Raises: Unavailable; UnsafeServer: The server may evict jobs."""
        facts = self._ask(_facts)
        policy = facts["maxmemory_policy"]
        if policy != "noeviction":
            raise UnsafeServer(
                f"the Redis server may drop jobs when its memory is full: its maxmemory-policy is {policy}; "
                "set it with: CONFIG SET maxmemory-policy noeviction"
            )
        if not facts["aof_enabled"] and not self._warned:
            self._warned = True
            _log.warning("the Redis server forgets all jobs when it stops: set appendonly yes and appendfsync always")

    def subscribed(self, channel: str) -> PubSub:
        """A connection that hears everything said on the channel from now on. Raises: Unavailable."""

        def subscribe(client: Client) -> PubSub:
            # In a cluster: the node that is written to, so that nothing has to travel between nodes.
            node = client.get_redis_connection(_node(client)) if isinstance(client, redis.RedisCluster) else client
            subscription: PubSub = node.pubsub()  # type: ignore[no-untyped-call]
            subscription.subscribe(channel)
            if subscription.get_message(timeout=_TIMEOUT_S) is None:
                subscription.close()
                raise exceptions.TimeoutError("no answer to SUBSCRIBE")
            return subscription

        return self._ask(subscribe)

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, question: Callable[[Client], T]) -> T:
        began = time.monotonic()
        for last in (False, True):
            try:
                return question(self._connected())
            except _TRANSIENT as error:
                if isinstance(error, exceptions.RedisClusterException):
                    self.close()  # its map of the cluster may be useless now
                if last or not self._retries or time.monotonic() - began > _RETRY_WITHIN_S:
                    raise Unavailable(f"the job store does not answer: {error}") from error
            except exceptions.ResponseError as error:
                if isinstance(error, _REFUSALS) or str(error).startswith(_REFUSAL_CODES):
                    raise Unavailable(f"the job store takes no writes: {error}", retry_after=5) from error
                raise
        raise AssertionError

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = _client(self._url, self._timeout)
            return self._client


def _client(url: str, timeout: float) -> Client:
    options: dict[str, Any] = {
        "decode_responses": True,
        "protocol": 2,  # with 3 redis-py asks each new connection for notices that this code has no use for
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
    }
    # redis-py's own retries nest, connecting inside of commands; _ask has the only one.
    once = Retry(NoBackoff(), 0)
    scheme, _, place = url.partition("://")
    if scheme in ("redis-cluster", "rediss-cluster"):
        return redis.RedisCluster.from_url(f"{scheme.removesuffix('-cluster')}://{place}", retry=once, **options)
    pool = redis.BlockingConnectionPool.from_url(
        url, retry=once, max_connections=_CONNECTIONS, timeout=_PATIENCE_S, **options
    )
    return redis.Redis.from_pool(pool)


def _called(client: Client, *command: str | int) -> Any:
    """The reply to one command that is sent once.

    On a single server without redis-py's own wrapping, which takes longer than to send and to read.
    """
    if isinstance(client, redis.RedisCluster):
        return client.execute_command(*command)  # type: ignore[no-untyped-call]
    pool = client.connection_pool
    connection = pool.get_connection()
    try:
        connection.send_command(*command)  # type: ignore[no-untyped-call]
        return connection.read_response()  # leaves no connection in the pool whose answer is still to come
    finally:
        pool.release(connection)


def _facts(client: Client) -> Mapping[str, Any]:
    if isinstance(client, redis.RedisCluster):
        return client.info(target_nodes=_node(client))
    return client.info()


def _node(client: redis.RedisCluster) -> Any:
    """Where all our keys lie."""
    return client.get_node_from_key(redis_keys.QUEUE)  # type: ignore[no-untyped-call]
