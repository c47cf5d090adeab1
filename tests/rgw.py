"""A real S3 server for tests: Ceph's RADOS gateway over one monitor and one in-memory OSD, on loopback.

Debian: apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool", "setpriv")
COMMAND_TIMEOUT = 60
STOP_TIMEOUT = 10

# Without its defaults' patience (proposals of a second each), and without the commands that an OSD
# sends to the monitor as it starts: they get lost now and then, and it waits for them for ever.
CONF = """\
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon_port}
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
run dir = {folder}
admin socket =
log file = {folder}/$name.log
mon cluster log file = {folder}/cluster.log
mon data = {folder}/mon
osd data = {folder}/osd
rgw data = {folder}/rgw
keyring = {folder}/keyring
osd objectstore = memstore
memstore device bytes = 2147483648
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = false
osd class update on start = false
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
paxos propose interval = 0.05
paxos min wait = 0.01
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:{port}
"""


BUSY = "problem getting command descriptions from mon"
"""What a monitor lets `ceph` say that is still at its own affairs, before anything was asked of it."""
BUSY_TRIES = 5


@dataclass(frozen=True, slots=True)
class Rgw:
    """A running gateway: where it listens, and the keys of its two users, `owner` and `stranger`."""

    endpoint: str
    owner: tuple[str, str]
    stranger: tuple[str, str]


@contextmanager
def running(folder: Path) -> Iterator[Rgw]:
    """Start all three daemons in `folder`, and stop them and remove it at the end."""
    mon_port, port = _free_ports(2)
    conf = folder / "ceph.conf"
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    conf.write_text(CONF.format(fsid=uuid.uuid4(), mon_port=mon_port, port=port, folder=folder))
    cluster = _Cluster(conf)
    rgw = Rgw(f"http://127.0.0.1:{port}", owner=("AKOWNER", "owner-secret"), stranger=("AKSTRANGER", "stranger-secret"))
    try:
        with ExitStack() as daemons:
            daemons.enter_context(cluster.monitor(mon_port))
            daemons.enter_context(cluster.osd())
            daemons.enter_context(cluster.daemon("radosgw", "-n", "client.rgw.a"))
            cluster.add_user("owner", *rgw.owner)
            cluster.add_user("stranger", *rgw.stranger)
            _wait_for(rgw.endpoint)
            yield rgw
    finally:
        shutil.rmtree(folder)


class _Cluster:
    """The commands that make a cluster of what stands in one ceph.conf."""

    def __init__(self, conf: Path) -> None:
        self._conf = conf
        self._folder = conf.parent

    @contextmanager
    def monitor(self, port: int) -> Iterator[None]:
        keyring, monmap = str(self._folder / "keyring"), str(self._folder / "monmap")
        self._run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        caps = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
        self._run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", *caps)
        self._run("monmaptool", "--create", "--addv", "a", f"[v1:127.0.0.1:{port}]", monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        with self.daemon("ceph-mon", "-i", "a"):
            yield

    @contextmanager
    def osd(self) -> Iterator[None]:
        osd_id = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd_id)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd_id)
        with self.daemon("ceph-osd", "-i", "0"):
            self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h")
            yield

    def add_user(self, name: str, access_key: str, secret_key: str) -> None:
        keys = ("--access-key", access_key, "--secret-key", secret_key)
        self._run("radosgw-admin", "user", "create", "--uid", name, "--display-name", name, *keys)

    @contextmanager
    def daemon(self, program: str, *args: str) -> Iterator[None]:
        # In the foreground, so that it is our child; and it dies with us should we be killed.
        command = ("setpriv", "--pdeathsig", "KILL", program, "-c", str(self._conf), "-f", *args)
        with (self._folder / f"{program}.out").open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _run(self, program: str, *args: str) -> None:
        command = (program, "-c", str(self._conf), *args)
        for last in (*[False] * BUSY_TRIES, True):
            done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_TIMEOUT)
            if not done.returncode:
                return
            if last or BUSY not in done.stderr:
                raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
            time.sleep(1)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]


def _wait_for(endpoint: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + COMMAND_TIMEOUT
    while True:
        try:
            direct.open(endpoint, timeout=2).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
