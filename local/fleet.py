"""All Services of the platform, each with its revision and its instances."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiohttp import ClientSession

from local.accelerators import Accelerators
from local.activator import Activator
from local.instance import Instance
from local.objects import Service
from local.replicas import Replicas
from local.revision import Revision

_log = logging.getLogger("runtime")

_MARGIN: Final = 5.0
Clock = Callable[[], float]


class Fleet:
    """`environs` are the resolved variables by Service name."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        environs: Mapping[str, Mapping[str, str]],
        session: ClientSession,
        accelerators: Accelerators,
        clock: Clock,
        drain: float = 0.0,
    ) -> None:
        self.revisions: dict[tuple[str, str], Revision] = {}
        self.replicas: list[Replicas] = []
        for service in services:
            activator = Activator(service.container_concurrency, clock=clock)
            replicas = Replicas(
                service,
                make=partial(_instance, service, environs[service.name], session),
                activator=activator,
                accelerators=accelerators,
                clock=clock,
                drain=drain,
            )
            activator.on_wait = replicas.poke
            self.replicas.append(replicas)
            self.revisions[service.namespace, service.name] = Revision(service, activator, session)

    async def stop(self, grace: float) -> None:
        """Returns when no instance is left, or when it is plain that one will not go: the reaper comes last."""
        try:
            async with asyncio.timeout(grace + _MARGIN):
                await asyncio.gather(*(replicas.stop(grace) for replicas in self.replicas))
        except TimeoutError:
            _log.error("left to the reaper: %s", self.describe())

    def describe(self) -> dict[str, Any]:
        return {
            replicas.service.name: {
                "waiting": revision.activator.waiting,
                "requests": revision.activator.load.now,
                "instances": [_describe(instance) for instance in replicas.instances],
            }
            for replicas, revision in zip(self.replicas, self.revisions.values(), strict=True)
        }


def _instance(service: Service, environ: Mapping[str, str], session: ClientSession, name: str) -> Instance:
    return Instance(service, name, environ=environ, session=session)


def _describe(instance: Instance) -> dict[str, Any]:
    return {
        "name": instance.name,
        "state": instance.state.value,
        "pid": instance.pid,
        "url": instance.endpoint.url if instance.endpoint else None,
        "in_flight": instance.in_flight,
    }
