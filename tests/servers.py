"""Real Valkey servers for tests: started on free ports, killed, started again, stopped by pid."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from local.redis_server import find_binary


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Valkey:
    """One server on loopback whose data stays in `folder` when it is killed."""

    def __init__(self, folder: Path, *, cluster: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.cluster = cluster
        self._options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())] if cluster else []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'redis-cluster' if self.cluster else 'redis'}://127.0.0.1:{self.port}"

    @property
    def patient_url(self) -> str:
        """For whoever does not ask how long a server may be silent.

        It writes each change to the disk before it answers, and a shared machine's may take a second for that.
        """
        return f"{self.url}?socket_timeout=3"

    def client(self) -> redis.Redis:
        """A client of its own for what no store does: flushing, settings, looking under the floor."""
        return redis.Redis(port=self.port, decode_responses=True, protocol=2)

    def start(self) -> None:
        fixed = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        safe = ["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen([find_binary(), *fixed, *safe, *self._options], stdout=log, stderr=log)
        self._await_answer()

    def kill(self) -> None:
        """As a power cut for the process: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """As a machine that hangs: connections are taken, and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _await_answer(self) -> None:
        deadline = time.monotonic() + 10
        with self.client() as client:
            while True:
                try:
                    if self._is_ready(client):
                        return
                except redis.ConnectionError:
                    pass
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.02)

    def _is_ready(self, client: redis.Redis) -> bool:
        if not self.cluster:
            return bool(client.ping())
        facts = client.execute_command("CLUSTER INFO")
        if facts["cluster_slots_assigned"] == "0":
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        return bool(facts["cluster_state"] == "ok")


def served(server: Valkey) -> Iterator[Valkey]:
    """For fixtures: the server, running until it is given back."""
    server.start()
    yield server
    server.kill()
