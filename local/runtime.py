"""The platform on one machine, put together: what starts after what, and stops before what."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from local import accelerators, environment
from local.accelerators import Accelerators
from local.banner import banner
from local.broker_ingress import BrokerIngress
from local.data_dir import DataDir
from local.environment import Environment
from local.errors import CannotStart
from local.eventing import Eventing
from local.fleet import Fleet
from local.ingress import Ingress
from local.mark import Mark
from local.objects import Broker, BrokerClass, Platform, Service
from local.options import Options
from local.redis_server import RedisServer
from local.revision import Revision, new_session
from local.storm import Storm

_log = logging.getLogger("runtime")

GRACE: Final = 10.0
"""How long instances may take to stop; on a cluster they have their Service's timeout."""
_FAREWELL: Final = 1.0
"""How long open connections may take to end once their door is closed."""


class Runtime:
    """`run` starts everything, waits for a signal and stops everything in the opposite order."""

    def __init__(self, platform: Platform, options: Options, caller: Mapping[str, str]) -> None:
        self._options = options
        self._caller = caller
        self._platform = replace(
            platform,
            services=[_hastened(service, options.window) for service in platform.services],
            brokers=[_of_class(broker, options.broker_class) for broker in platform.brokers],
        )
        self._halt = asyncio.Event()
        self._fleet: Fleet | None = None
        self._failed = False
        self._hurry: asyncio.Task[None] | None = None

    async def run(self) -> bool:
        """Whether it ended as it should.

        Raises:
            CannotStart: Something must be put right first.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)
        async with AsyncExitStack() as stack:
            print(await self._start(stack), flush=True)
            await self._halt.wait()
            _log.info("stopping; once more Ctrl-C: at once")
        _log.info("stopped")
        return not self._failed

    async def _start(self, stack: AsyncExitStack) -> str:
        options, platform = self._options, self._platform
        environment.check(self._caller)
        public_door, broker_door = self._doors(stack)
        data = DataDir(options.data_dir)
        stack.callback(data.close)
        pool = Accelerators(
            accelerators.devices(accelerators.installed(self._caller), self._caller), options.accelerators
        )
        mark = Mark(data.run)
        stack.push_async_callback(mark.close)
        await mark.watch()
        key = data.api_key()
        redis = None if options.redis_url else await _embedded_redis(stack, data, {**self._caller, **mark.environ})
        redis_url = redis.url if redis else options.redis_url
        environ = Environment(
            platform,
            caller={**self._caller, **mark.environ},
            stands_in=self._stands_in(data, key, redis_url, pool.total),
        )
        self._fleet = Fleet(
            platform.services,
            environs={service.name: environ.of(service) for service in platform.services},
            session=await stack.enter_async_context(new_session()),
            accelerators=pool,
            clock=time.monotonic,
            drain=options.drain.total_seconds(),
        )
        client = await _client(stack, redis_url)
        eventing = Eventing(platform, self._fleet.revisions, client, tick=options.tick, chaos=options.chaos)
        await eventing.open()
        storm = None if options.chaos is None else Storm(options.chaos, self._fleet.replicas, redis)
        await self._serve(stack, eventing, storm, public_door, broker_door)
        return banner(
            options,
            key=key,
            broker=self._sink,
            secret=str(data.webhook_secret_path),
            accelerators=pool.sentence,
        )

    async def _serve(
        self,
        stack: AsyncExitStack,
        eventing: Eventing,
        storm: Storm | None,
        public_door: socket.socket,
        broker_door: socket.socket,
    ) -> None:
        """Opened in this order, closed in the opposite one: instances publish until their last moment."""
        fleet = self._the_fleet
        away = (lambda: storm.broker_away) if storm else (lambda: False)
        broker_app = BrokerIngress(eventing.brokers, lambda: _status(fleet, eventing), away).app()
        # A producer who leaves a synchronous Broker takes its deliveries with it.
        runner = web.AppRunner(
            broker_app, access_log=None, shutdown_timeout=_FAREWELL, handler_cancellation=eventing.synchronous
        )
        await _open(stack, runner, broker_door)
        stack.push_async_callback(eventing.close)
        stack.push_async_callback(fleet.stop, GRACE)
        for work in (*(replicas.run() for replicas in fleet.replicas), *eventing.work()):
            self._begin(stack, work)
        if storm:
            self._begin(stack, storm.run())
        # Decompressed here a body would no longer have the length that its head tells the function.
        server = web.Server(
            Ingress(self._public).handle, handler_cancellation=True, access_log=None, auto_decompress=False
        )
        await _open(stack, web.ServerRunner(server, shutdown_timeout=_FAREWELL), public_door)

    def _begin(self, stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        stack.push_async_callback(_cancel, task)

    def _check(self, task: asyncio.Task[None]) -> None:
        """Nothing that runs all the time may end by itself: that is a bug, and no platform is left."""
        if not task.cancelled() and (error := task.exception()):
            _log.error("a part of the runtime broke", exc_info=error)
            self._failed = True
            self._halt.set()

    def _signalled(self) -> None:
        if self._halt.is_set() and self._fleet:
            self._hurry = asyncio.create_task(self._fleet.stop(0))
        self._halt.set()

    def _doors(self, stack: AsyncExitStack) -> tuple[socket.socket, socket.socket]:
        """Bound before anything is started. Who comes early waits."""
        doors = [_door(port) for port in (self._options.port, self._options.broker_port)]
        for door in doors:
            stack.callback(door.close)
        return doors[0], doors[1]

    def _stands_in(self, data: DataDir, key: str, redis_url: str, places: int) -> dict[str, str]:
        return {
            "REDIS_URL": redis_url,
            "API_KEYS": key,
            "KEY_PEPPER": data.key_pepper(),
            "WEBHOOK_SECRET": data.webhook_secret(),
            "WEBHOOK_KEY": data.webhook_key(),
            "WEBHOOK_SIGNING_KEY": data.webhook_signing_key(),
            "ARTIFACTS_URL": data.artifacts.as_uri(),
            "WEIGHTS_DIR": str(data.weights),
            "K_SINK": self._sink,
            "PUBLIC_URL": self._options.api_url,
            "WAKE_LIMIT": str(places),
        }

    @property
    def _sink(self) -> str:
        """The address of the first Broker."""
        if not self._platform.brokers:
            raise CannotStart("The manifests define no Broker.")
        broker = self._platform.brokers[0]
        return f"{self._options.broker_url}/{broker.namespace}/{broker.name}"

    @property
    def _the_fleet(self) -> Fleet:
        assert self._fleet is not None  # made before its doors are opened
        return self._fleet

    @property
    def _public(self) -> Revision:
        found = [revision for revision in self._the_fleet.revisions.values() if revision.service.public]
        if len(found) != 1:
            names = ", ".join(revision.service.name for revision in found) or "none"
            raise CannotStart(f"One Service must be public (not cluster-local); found: {names}.")
        return found[0]


def _hastened(service: Service, window: timedelta | None) -> Service:
    return replace(service, window=window, retention=timedelta(0)) if window else service


def _of_class(broker: Broker, kind: BrokerClass | None) -> Broker:
    return replace(broker, kind=kind) if kind else broker


def _door(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=1024)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise CannotStart(
            f"Port {port} on 127.0.0.1 cannot be had ({reason}). Set PORT to another: it and the next one are used."
        ) from None


async def _open(stack: AsyncExitStack, runner: web.AppRunner | web.ServerRunner, door: socket.socket) -> None:
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, door).start()


async def _embedded_redis(stack: AsyncExitStack, data: DataDir, environ: Mapping[str, str]) -> RedisServer:
    server = RedisServer(data.redis, environ)
    stack.push_async_callback(server.stop)
    await server.start()
    return server


async def _client(stack: AsyncExitStack, url: str) -> Redis:
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=32, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1)
        )
        client = Redis(connection_pool=pool)
        stack.push_async_callback(pool.disconnect)
        stack.push_async_callback(client.aclose)
        policy = (await client.info("memory"))["maxmemory_policy"]
    except (RedisError, OSError) as error:
        # Only its place: the rest of the URL may hold a password.
        place = urlsplit(url)
        where = place.hostname or place.path or "localhost"
        raise CannotStart(f"Redis at {where} does not answer: {str(error).rstrip('.')}.") from None
    except (TypeError, ValueError):
        raise CannotStart("REDIS_URL: has an option behind the ? that redis-py does not know.") from None
    if policy != "noeviction":
        raise CannotStart(
            f"The Redis server drops keys when its memory is full (maxmemory-policy {policy}), and jobs with them. "
            "Set it with: CONFIG SET maxmemory-policy noeviction."
        )
    return client


async def _status(fleet: Fleet, eventing: Eventing) -> dict[str, Any]:
    return {"services": fleet.describe(), "brokers": await eventing.describe()}


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel until it hears: a client library was seen to swallow a cancellation in the middle of a call."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1)


def serve(platform: Platform, options: Options, caller: Mapping[str, str]) -> bool:
    """Run until a signal comes; whether all went well. Raises: CannotStart."""

    async def run() -> bool:
        return await Runtime(platform, options, caller).run()

    return asyncio.run(run())
