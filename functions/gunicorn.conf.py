"""How gunicorn runs every function; what differs between them stands in knative/*.yaml."""

import os
import signal
from types import FrameType
from typing import Any

workers = 1  # Knative scales by instances
worker_class = "gthread"  # probes are answered while a request is held
control_socket_disable = True  # it wants to write to a home that a non-root user has not
keepalive = 75  # longer than the idle time of the proxies before us
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """Let the app hear that it must stop, and stop the same way for each of these signals.

    gunicorn's quick stop (SIGINT, SIGQUIT) would pull the interpreter away under a drawing; to put
    one back takes a step.
    """
    drain = worker.wsgi.extensions["drain"]

    def stop(number: int, frame: FrameType | None) -> None:
        if worker.alive:  # a second signal may come in the middle of the first, and a flag's lock is held once
            worker.handle_exit(number, frame)
            drain.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, stop)
        signal.siginterrupt(number, False)  # a system call in foreign code goes on


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """An app may stop itself, because its model is past use; the arbiter then starts another worker."""
    if worker.wsgi.extensions["drain"].is_set():
        worker.alive = False


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """Leave although a request hangs: Python would wait for its thread for ever, and the arbiter for us."""
    if worker.pid == os.getpid() and worker.nr_conns:
        os._exit(1)
