"""Does what `chaos.py` has planned to the processes of a running platform, and says so in the log."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from local import chaos
from local.chaos import Disturbance, Kind
from local.instance import Instance, State
from local.redis_server import RedisServer
from local.replicas import Replicas

_PATIENCE: Final = 3.0
"""Seconds that a disturbance waits for an instance to meet."""
_log = logging.getLogger("chaos")


class Storm:
    """`redis` is None where it is another's server, which is left alone."""

    def __init__(self, seed: int, replicas: Sequence[Replicas], redis: RedisServer | None) -> None:
        self.plan = chaos.plan(seed, [each.service.name for each in replicas])
        self.broker_away = False
        self._seed = seed
        self._replicas = {each.service.name: each for each in replicas}
        self._redis = redis
        self._deeds: dict[Kind, Callable[[Disturbance], Awaitable[None]]] = {
            Kind.KILL: self._kill,
            Kind.FREEZE: self._freeze,
            Kind.DELETE: self._delete,
            Kind.REDIS_PAUSE: self._pause_redis,
            Kind.REDIS_KILL: self._kill_redis,
            Kind.BROKER_AWAY: self._take_broker_away,
        }

    async def run(self) -> None:
        """Returns when the storm is over, with everything let go that was held."""
        _log.warning("seed %d: %s", self._seed, "; ".join(map(str, self.plan)))
        began = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as storm:
            for disturbance in self.plan:
                storm.create_task(self._disturb(disturbance, began))
        _log.warning("the storm is over; events go on to be lost, late and doubled")

    async def _disturb(self, disturbance: Disturbance, began: float) -> None:
        await asyncio.sleep(max(began + disturbance.at - asyncio.get_running_loop().time(), 0))
        await self._deeds[disturbance.kind](disturbance)

    async def _kill(self, disturbance: Disturbance) -> None:
        if instance := await self._victim(disturbance):
            _signal_group(instance, signal.SIGKILL)

    async def _freeze(self, disturbance: Disturbance) -> None:
        if not (instance := await self._victim(disturbance)):
            return
        _signal_group(instance, signal.SIGSTOP)
        try:
            await asyncio.sleep(disturbance.seconds)
        finally:
            _signal_group(instance, signal.SIGCONT)

    async def _delete(self, disturbance: Disturbance) -> None:
        if instance := await self._victim(disturbance):
            self._replicas[disturbance.service].delete(instance)

    async def _pause_redis(self, disturbance: Disturbance) -> None:
        if not (pid := self._redis_pid(disturbance)):
            return
        _signal(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(disturbance.seconds)
        finally:
            _signal(pid, signal.SIGCONT)

    async def _kill_redis(self, disturbance: Disturbance) -> None:
        if pid := self._redis_pid(disturbance):
            _signal(pid, signal.SIGKILL)

    async def _take_broker_away(self, disturbance: Disturbance) -> None:
        _log.warning("%s", disturbance)
        self.broker_away = True
        try:
            await asyncio.sleep(disturbance.seconds)
        finally:
            self.broker_away = False

    def _redis_pid(self, disturbance: Disturbance) -> int | None:
        pid = self._redis.pid if self._redis else None
        _log.warning("%s%s", disturbance, "" if pid else ": there is none of ours")
        return pid

    async def _victim(self, disturbance: Disturbance) -> Instance | None:
        """A ready instance of the Service, a busy one if there is any within the patience."""
        found: Instance | None = None
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while not (found and found.in_flight) and asyncio.get_running_loop().time() < deadline:
            ready = [each for each in self._replicas[disturbance.service].instances if each.state is State.READY]
            found = max(ready, key=lambda each: each.in_flight, default=None)
            await asyncio.sleep(0.05)
        held = f": {found.name}, which holds {found.in_flight}" if found else ": there is none"
        _log.warning("%s%s", disturbance, held)
        return found


def _signal_group(instance: Instance, number: int) -> None:
    if instance.pid:
        with suppress(ProcessLookupError):
            os.killpg(instance.pid, number)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
