"""A Painter over stores in memory, and engines that a test can hold still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from functions.generate.handler import Painter
from functions.generate.patience import Patience
from shared.core import keys
from shared.core.errors import NotFound
from shared.core.job import Job
from shared.settings import Settings
from shared.wiring import Services
from tests.engines.instant import Instant, InstantDrawing

SHORT = Patience(artifacts=0.15, handover=0.15, artifacts_pause=0.02, settle=0.15, settle_pause=0.02)
"""Of somebody who will not wait for a store."""
LONG = Patience(artifacts=5, handover=5, artifacts_pause=0.02, settle=5, settle_pause=0.02)


def eventually(look: Callable[[], Any], timeout: float = 5) -> Any:
    end = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


@dataclass
class Hold:
    """A place where a thread waits until the test lets it go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def here(self) -> None:
        self.reached.set()
        assert self.go.wait(10)

    def await_reached(self) -> None:
        assert self.reached.wait(10)


class HeldDrawing(InstantDrawing):
    engine: Held

    def advance(self) -> None:
        if self.step == self.engine.at:
            self.engine.hold.here()
        super().advance()
        self.engine.steps += 1

    def decode(self):
        if self.engine.at is None:
            self.engine.hold.here()
        for chunk in super().decode():
            self.engine.chunks += 1
            yield chunk


class Held(Instant):
    """Waits before the step behind `at`, None: before it decodes. Knows what it did."""

    def __init__(self, at: int | None = 2, hold: Hold | None = None) -> None:
        self.at = at
        self.hold = hold or Hold()
        self.begun: list[int] = []
        self.steps = 0
        self.chunks = 0

    def begin(self, request, checkpoint=None):
        drawing = HeldDrawing(request, checkpoint)
        drawing.engine = self
        self.begun.append(drawing.step)
        return drawing


def watched() -> Held:
    """An engine that goes on by itself and counts."""
    engine = Held()
    engine.hold.go.set()
    return engine


class Studio:
    """One process of generate: its Painter, and the thread in which a wake-up is served."""

    def __init__(self, services: Services, settings: Settings, pool: ThreadPoolExecutor) -> None:
        self.services = services
        self.settings = settings
        self.drain = threading.Event()
        self.seal: Any = None
        self._pool = pool

    def painter(self, engine: Any, patience: Patience = LONG, services: Services | None = None) -> Painter:
        return Painter(
            services or self.services, engine, self.settings, drain=self.drain, patience=patience, seal=self.seal
        )

    def serve(self, engine: Any, patience: Patience = LONG, services: Services | None = None) -> None:
        self.painter(engine, patience, services).serve()

    def start(self, engine: Any, patience: Patience = LONG, services: Services | None = None) -> Future[None]:
        return self._pool.submit(self.serve, engine, patience, services)

    def stop(self, engine: Held, patience: Patience = LONG, services: Services | None = None) -> float:
        """Draw, hear SIGTERM where `engine` waits, and end: in how many seconds. The next process is another one."""
        drawing = self.start(engine, patience, services)
        engine.hold.await_reached()
        self.drain.set()
        engine.hold.go.set()
        before = time.monotonic()
        drawing.result(10)
        self.drain.clear()
        return time.monotonic() - before

    def job(self, job: Job) -> Job:
        return self.services.jobs.get(job.id)

    def told(self) -> list[str]:
        """Types of the published events, without their prefix and version."""
        events: Any = self.services.publisher
        return [event.type.removeprefix("dev.flipbook.video.").removesuffix(".v1") for event in events.events]

    def checkpoint(self, job: Job) -> bytes | None:
        try:
            return b"".join(self.services.artifacts.read(keys.checkpoint_key(job.tenant, job.id)))
        except NotFound:
            return None
