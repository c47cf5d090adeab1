"""How gunicorn runs every function; what differs between them stands in knative/*.yaml."""

import signal
from types import FrameType
from typing import Any

workers = 1  # Knative scales by instances
worker_class = "gthread"  # probes are answered while a request is held
control_socket_disable = True  # it wants to write to a home that a non-root user has not
keepalive = 75  # longer than the idle time of the proxies before us
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Let the app hear SIGTERM before gunicorn stops taking requests."""
    drain = worker.wsgi.extensions["drain"]
    stop = signal.getsignal(signal.SIGTERM)

    def on_term(number: int, frame: FrameType | None) -> None:
        drain.set()
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, on_term)
