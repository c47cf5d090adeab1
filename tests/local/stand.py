"""A small platform of fake functions, and a runtime in a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from local import reaper
from local.objects import Broker, BrokerClass, DeliverySpec, Destination, PingSource, Platform, Service, Trigger
from tests.local.fake_function import noted

HERE = Path(__file__).parent
WAIT = 20.0
EVENT = {"Ce-Id": "1", "Ce-Source": "/test", "Ce-Type": "door", "Ce-Specversion": "1.0"}


def service(name="worker", **fields):
    return Service(
        **{
            "namespace": "flipbook",
            "name": name,
            "command": [
                "gunicorn",
                "--no-control-socket",
                "--worker-class=gthread",
                "--threads=8",
                "--graceful-timeout=2",
                f"--chdir={HERE}",
                "fake_function:app",
            ],
            "readiness_path": "/readyz",
            "public": name == "door",
            "container_concurrency": 1,
            "timeout": timedelta(seconds=30),
            "response_start_timeout": timedelta(seconds=30),
            "target": 1.0,
            "window": timedelta(seconds=6),
            "max_scale": 2,
            **fields,
        }
    )


def to(name, path="/"):
    return Destination(kind="Service", namespace="flipbook", name=name, path=path)


def trigger(name="worker", type_="work", **delivery):
    spec = {"retry": 3, "backoff": timedelta(seconds=0.2), "timeout": timedelta(seconds=30), **delivery}
    return Trigger(
        namespace="flipbook",
        name=name,
        broker="default",
        attributes={"type": type_},
        subscriber=to(name),
        delivery=DeliverySpec(**spec),
    )


def ping(name="worker", schedule="* * * * *"):
    return PingSource(
        namespace="flipbook", name=name, schedule=schedule, content_type="application/json", data="{}", sink=to(name)
    )


def platform(*services, triggers=(), pings=(), kind=BrokerClass.MT_CHANNEL):
    return Platform(
        services=[service("door", container_concurrency=8), *services],
        brokers=[Broker(namespace="flipbook", name="default", delivery=DeliverySpec(), kind=kind)],
        triggers=list(triggers),
        pings=list(pings),
        config={},
    )


def free_ports():
    """Two free ports, one after the other, from below those that the system hands out by itself."""
    while True:
        port = random.randrange(20000, 32000)
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def until(condition, seconds=WAIT):
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def call(url, *, method="GET", body=None, headers=None):
    """Status, headers and body of one exchange."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as response:
            return SimpleNamespace(status=response.status, headers=response.headers, body=response.read())
    except urllib.error.HTTPError as error:
        with error:
            return SimpleNamespace(status=error.code, headers=error.headers, body=error.read())


class Running:
    """A runtime in a process of its own."""

    def __init__(self, folder: Path, platform: Platform, *, chaos: int | None = None, **environ: str) -> None:
        self.folder = folder
        self.arguments = [] if chaos is None else [str(chaos)]
        self.port = free_ports()
        self.notes_path = folder / "notes"
        self.data = folder / "data"
        self.environ = {
            **os.environ,
            "PORT": str(self.port),
            "DATA_DIR": str(self.data),
            "FAKE_NOTES": str(self.notes_path),
            "DRAIN_SECONDS": "1",
            **environ,
        }
        (folder / "platform").write_bytes(pickle.dumps(platform))
        self.lines: list[str] = []
        self.process: subprocess.Popen[str]

    def start(self):
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve.py"), str(self.folder / "platform"), *self.arguments],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()
        until(lambda: self.said("Ctrl-C stops") or self.process.poll() is not None)
        return self

    def _read(self, output):
        with output:
            self.lines.extend(output)

    def said(self, text):
        return [line for line in self.lines if text in line]

    def wait(self):
        try:
            status = self.process.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR1)
            time.sleep(1)
            self.process.kill()
            raise AssertionError("it does not end:\n" + "".join(self.lines)) from None
        self._reader.join(WAIT)
        return status

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()

    @property
    def mark(self):
        return (self.data / "run" / "mark").read_text()

    @property
    def left(self):
        """Processes of the run that still live."""
        return list(reaper.marked(self.mark))

    @property
    def api(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def broker(self):
        return f"http://127.0.0.1:{self.port + 1}/flipbook/default"

    def status(self):
        return json.loads(call(f"http://127.0.0.1:{self.port + 1}/status").body)

    def instances(self, name="worker"):
        return self.status()["services"][name]["instances"]

    def send(self, number=1, type_="work", **way):
        headers = {
            "Ce-Id": f"event-{number}",
            "Ce-Source": "/test",
            "Ce-Type": type_,
            "Ce-Specversion": "1.0",
            "Content-Type": "application/json",
        }
        return call(self.broker, method="POST", body=json.dumps(way).encode(), headers=headers).status

    def notes(self, what="start", service="worker"):
        return [n for n in noted(self.notes_path) if n["what"] == what and n["service"] == service]
