"""The forecast for everybody who asks now, looked up anew once a second at most. Knows no Flask."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from shared.core.errors import Unavailable
from shared.core.forecast import Forecast, Outlook
from shared.core.standing import Standing
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)

LIFE_S: Final = 1.0
FRONT: Final = 100
"""Jobs whose work is looked at; those behind them are taken to be like them."""


class Forecasts:
    """One thread looks, the others take what was there before. A store that is away costs the foretelling only."""

    def __init__(self, services: Services, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._settings = settings
        self._clock = clock
        self._looking = Lock()
        self._seen: tuple[Forecast, datetime, float] | None = None

    def outlook(self, standing: Standing) -> Outlook:
        if standing.job.state.is_final:
            return Outlook()
        seen = self._fresh()
        if seen is None:
            return Outlook()
        forecast, at, looked = seen
        return forecast.outlook(standing, at + timedelta(seconds=self._clock() - looked))

    def forecast(self) -> Forecast:
        """As things are now. Raises: Unavailable."""
        services = self._services
        depth = services.jobs.depth()
        front = [job for _, job in services.queue.walk(FRONT)] if depth.waiting else []
        return Forecast.of(
            front,
            services.runs.recent(self._settings.models),
            workers=self._settings.wake_limit,
            waiting=depth.waiting,
            running=depth.running,
            oldest=depth.oldest,
            paused=depth.paused,
        )

    def _fresh(self) -> tuple[Forecast, datetime, float] | None:
        old = self._seen
        if old is not None and self._clock() - old[2] < LIFE_S:
            return old
        if not self._looking.acquire(blocking=old is None):
            return old
        try:
            if self._seen is old:
                self._seen = (self.forecast(), self._services.jobs.now(), self._clock())
        except Unavailable as error:
            log.debug("nothing foretold now", extra={"error": error})
        finally:
            self._looking.release()
        return self._seen
