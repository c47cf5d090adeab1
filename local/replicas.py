"""The instances of one revision: as many as the autoscaler wants, and new ones for those that died."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from local import autoscaler
from local.accelerators import Accelerators
from local.activator import Activator, Endpoint
from local.autoscaler import Sample, Scale
from local.instance import Instance, State
from local.objects import Service

_INTERVAL: Final = 1.0
_DAMPING: Final = 0.05
"""A burst that the ready instances are done with in this time needs no new one."""
_FIRST_BACKOFF: Final = 0.5
_MAX_BACKOFF: Final = 30.0


def scale_of(service: Service) -> Scale:
    return Scale(
        target=service.target,
        min_scale=service.min_scale,
        max_scale=service.max_scale,
        window=service.window.total_seconds(),
        retention=service.retention.total_seconds(),
    )


class Replicas:
    """Runs until `stop`; `poke` says that a request waits."""

    def __init__(
        self,
        service: Service,
        *,
        make: Callable[[str], Instance],
        activator: Activator,
        accelerators: Accelerators,
        clock: Callable[[], float],
        drain: float = 0.0,
    ) -> None:
        """`drain` is how many seconds one that is not wanted any more goes on before its SIGTERM."""
        self.service = service
        self.instances: list[Instance] = []
        self._make = make
        self._activator = activator
        self._accelerators = accelerators
        self._clock = clock
        self._drain = drain
        self._scale = scale_of(service)
        self._history: list[Sample] = []
        self._began = 0.0
        """When the first instance after zero was begun, and when it or another was ready."""
        self._ready_at: float | None = None
        self._poked = asyncio.Event()
        self._lives: set[asyncio.Task[None]] = set()
        self._stops: set[asyncio.Task[None]] = set()
        self._started = 0
        self._failures = 0
        self._not_before = 0.0
        self._log = logging.getLogger(service.name)

    def poke(self) -> None:
        self._poked.set()

    async def run(self) -> None:
        interval = min(_INTERVAL, self._scale.window / 10)
        while True:
            self._poked.clear()
            self._adjust(self._wanted())
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await self._poked.wait()
            if self._serving():
                await asyncio.sleep(_DAMPING)

    def delete(self, instance: Instance) -> None:
        """As if scaled down; another takes its place if it is still wanted."""
        if instance.state is not State.STOPPING:
            self._retire(instance, self.service.timeout.total_seconds(), drain=self._drain)
            self.poke()

    async def stop(self, grace: float) -> None:
        """End every instance; returns when no process is left. `run` must have ended."""
        for instance in self.instances:
            self._retire(instance, grace)
        while tasks := self._lives | self._stops:
            await asyncio.wait(tasks)

    def _wanted(self) -> int:
        at = self._clock()
        ready = sum(instance.state is State.READY for instance in self.instances)
        load = self._activator.load
        sample = Sample(at=at, average=load.average(), now=load.now, ready=ready)
        self._history = [*autoscaler.remembered(self._history, self._scale, at), sample]
        return autoscaler.desired(self._history, self._scale, at) or self._held(at)

    def _held(self, at: float) -> int:
        """How many stay though nobody asks any more (kpa/scaler.go, handleScaleToZero).

        What wakes has until its progress deadline to be ready, even if those who woke it have given up; what is ready
        stays for one window.
        """
        if self._ready_at is None:
            woken = at - self._began < self.service.activation.total_seconds()
            return len(self._serving()) if woken else 0
        return int(at - self._ready_at < self._scale.window and bool(self._serving()))

    def _serving(self) -> list[Instance]:
        return [instance for instance in self.instances if instance.state is not State.STOPPING]

    def _adjust(self, wanted: int) -> None:
        serving = self._serving()
        if wanted == len(serving) or (wanted > len(serving) and self._clock() < self._not_before):
            return
        self._log.info("%d -> %d (%s)", len(serving), wanted, self._reason(len(serving), wanted))
        if not serving:
            self._began, self._ready_at = self._clock(), None
        for _ in range(wanted - len(serving)):
            self._start()
        for instance in _victims(serving)[: max(len(serving) - wanted, 0)]:
            self.delete(instance)

    def _reason(self, serving: int, wanted: int) -> str:
        if self._activator.waiting:
            return f"waiting requests: {self._activator.waiting}"
        if self._activator.load.now:
            return f"requests: {self._activator.load.now}"
        if self._ready_at is None and not wanted:
            return f"not ready within {self.service.activation.total_seconds():g} s"
        if serving < wanted:
            return "min-scale" if wanted == self.service.min_scale else "in place of one that ended"
        return "fewer requests" if wanted else f"no request for {self._scale.memory:g} s"

    def _start(self) -> None:
        self._started += 1
        instance = self._make(f"{self.service.name}-{self._started}")
        self.instances.append(instance)
        _keep(self._lives, asyncio.create_task(self._live(instance)))

    def _retire(self, instance: Instance, grace: float, *, drain: float = 0.0) -> None:
        if instance.endpoint:
            self._activator.remove(instance.endpoint)
        _keep(self._stops, asyncio.create_task(instance.stop(grace, drain=drain)))

    async def _live(self, instance: Instance) -> None:
        try:
            status = await instance.live(self._accelerators, self._welcome)
        except OSError as error:
            self._log.warning("%s cannot be started: %s", instance.name, error)
            status = -1
        finally:
            self.instances.remove(instance)
            if instance.endpoint:
                self._activator.remove(instance.endpoint)
        if instance.state is not State.STOPPING:
            self._mourn(instance, status)
        self.poke()

    def _welcome(self, endpoint: Endpoint) -> None:
        if self._ready_at is None:
            self._ready_at = self._clock()
        self._activator.add(endpoint)

    def _mourn(self, instance: Instance, status: int | None) -> None:
        """One that had been ready is replaced at once; one that never was, after a wait that grows."""
        self._failures = 0 if instance.was_ready else self._failures + 1
        wait = min(_FIRST_BACKOFF * 2 ** (self._failures - 1), _MAX_BACKOFF) if self._failures else 0.0
        self._not_before = self._clock() + wait
        when = "" if instance.was_ready else f" before it was ready; the next try is in {wait:g} s"
        self._log.warning("%s ended by itself with status %s%s", instance.name, status, when)


def _victims(serving: Sequence[Instance]) -> list[Instance]:
    """Who goes first: one that is not ready, then the youngest.

    The ReplicaSet decides so, and does not see who holds a request (knative/serving#13075).
    """
    youngest_first = list(reversed(serving))
    return sorted(youngest_first, key=lambda instance: instance.state is State.READY)


def _keep(tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
    tasks.add(task)
    task.add_done_callback(tasks.discard)
