"""How submit holds a thousand callers in one thread: gunicorn's gevent worker, with an end to idle connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import gevent
from gunicorn.workers.ggevent import GeventWorker

LINGER_S: Final = 2.0
"""How long a stopping worker keeps idle connections, for requests that are on their way; as gunicorn's gthread does."""


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """A stream's connection is kept alive behind its end, and a stop would wait for it for all of `keepalive`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._idle: dict[gevent.Greenlet, gevent.Timeout] = {}

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for a connection's next request."""
        greenlet, timeout = gevent.getcurrent(), gevent.Timeout(self.cfg.keepalive, exception=False)
        self._idle[greenlet] = timeout
        try:
            with timeout:
                yield
        finally:
            del self._idle[greenlet]

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        super().handle_exit(number, frame)
        gevent.spawn(self._let_go)

    def _let_go(self) -> None:
        """As if their time had run out; again and again, since requests that end now leave more of them."""
        while True:
            gevent.sleep(LINGER_S)
            for greenlet, timeout in list(self._idle.items()):
                gevent.kill(greenlet, timeout)
