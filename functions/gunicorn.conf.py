"""How gunicorn runs every function; what differs between them stands in knative/base/*.yaml."""

import gc
import os
import resource
import signal
from types import FrameType
from typing import Any

workers = 1  # Knative scales by instances
worker_class = "gthread"  # probes are answered while a request is held; submit, which holds many, has another
control_socket_disable = True  # it wants to write to a home that a non-root user has not
keepalive = 75  # longer than the idle time of the proxies before us
loglevel = "warning"
limit_request_line = 8190  # gunicorn's most: a callback URL in a query has 4,096 characters, some of them escaped

# What a proxy may say of a request, no field of it says: every caller comes through one at our side, Knative's
# queue-proxy, which hands on what they write. "*" only spares a look at each peer's address.
forwarded_allow_ips = "*"
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The soft limit is often 1,024 open files, and each caller who watches is one.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if _soft != resource.RLIM_INFINITY:
    _wanted = 65536 if _hard == resource.RLIM_INFINITY else min(65536, _hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, _wanted), _hard))


def post_fork(_arbiter: Any, _worker: Any) -> None:
    """Imports make objects that stay, and each collection would look at all of them again."""
    gc.disable()


def post_worker_init(worker: Any) -> None:
    """Let the app hear that it must stop, and stop the same way for each of these signals.

    gunicorn's quick stop (SIGINT, SIGQUIT) would pull the interpreter away under a drawing; to put
    one back takes a step.
    """
    gc.freeze()  # what the start made is looked at no more
    gc.enable()
    drain = worker.wsgi.extensions["drain"]
    worker.handle_error = worker.wsgi.extensions["inflow"].refuse

    def stop(number: int, frame: FrameType | None) -> None:
        if worker.alive:  # a second signal may come in the middle of the first, and a flag's lock is held once
            worker.handle_exit(number, frame)
            drain.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, stop)
        signal.siginterrupt(number, False)  # a system call in foreign code goes on


def pre_request(worker: Any, request: Any) -> None:
    """A body must come in time (functions/inflow.py)."""
    worker.wsgi.extensions["inflow"].begin(request)


def post_request(worker: Any, request: Any, _environ: Any, _response: Any) -> None:
    """An app may stop itself, because its model is past use; the arbiter then starts another worker."""
    worker.wsgi.extensions["inflow"].end(request)
    if worker.wsgi.extensions["drain"].is_set():
        worker.alive = False


def worker_exit(_arbiter: Any, worker: Any) -> None:
    """End what goes on behind the answers (kit.at_parting).

    Then leave although a request hangs: Python would wait for its thread for ever, and the arbiter for us.
    """
    if worker.pid != os.getpid():
        return  # the arbiter tells of one that was killed
    app = getattr(worker, "wsgi", None)  # a worker that could not boot has none
    for do in app.extensions.get("parting", ()) if app else ():
        do()
    if getattr(worker, "nr_conns", 0):  # gevent's has none, and no such threads
        os._exit(1)
