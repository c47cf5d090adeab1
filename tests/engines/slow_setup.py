"""Takes its time to load: a process that is up and not ready."""

from __future__ import annotations

import logging
import time

from tests.engines.instant import Instant

log = logging.getLogger(__name__)


class SlowSetup(Instant):
    seconds = 3.0

    def setup(self) -> None:
        log.warning("loading")
        time.sleep(self.seconds)
