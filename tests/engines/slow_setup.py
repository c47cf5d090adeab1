"""Takes its time to load: a process that is up and not ready."""

from __future__ import annotations

import time

from tests.engines.instant import Instant


class SlowSetup(Instant):
    seconds = 3.0

    def setup(self) -> None:
        time.sleep(self.seconds)
