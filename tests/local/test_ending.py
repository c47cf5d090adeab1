"""However the runtime ends, nothing of it stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import reaper
from tests.local.stand import platform, service, trigger, until


@pytest.fixture
def busy(run):
    """A runtime with an instance in mid-request, for longer than the test lasts."""
    running = run(platform(service(), triggers=[trigger()]))
    running.send(hold=60)
    until(running.notes)
    return running


def sockets(running):
    return Path((running.data / "redis" / "sockets").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_all_its_processes(run, number):
    running = run(platform(service(min_scale=1), triggers=[trigger()]))
    until(lambda: [i for i in running.instances() if i["state"] == "Ready"])
    assert 3 <= len(running.left)
    at = time.monotonic()
    assert 0 == running.stop(number)
    assert [] == running.left
    assert not sockets(running).exists()
    assert time.monotonic() - at < 5


def test_a_busy_instance_gets_its_grace_and_is_then_killed(busy):
    """Its own grace is 2 s, less than the runtime's 10."""
    assert 0 == busy.stop()
    assert [] == busy.left


def test_a_second_ctrl_c_waits_for_nobody(busy):
    busy.process.send_signal(signal.SIGINT)
    until(lambda: busy.said("once more Ctrl-C: at once"))
    at = time.monotonic()
    assert 0 == busy.stop(signal.SIGINT)
    assert time.monotonic() - at < 3
    assert [] == busy.left


def test_ctrl_c_of_the_terminal_reaches_the_runtime_alone(busy):
    """The terminal signals its whole foreground group; instances are in groups of their own."""
    instance = busy.instances()[0]["pid"]
    assert os.getpgid(instance) != os.getpgid(busy.process.pid)
    assert os.getsid(instance) != os.getsid(busy.process.pid)


def test_a_killed_runtime_leaves_nothing_behind(busy):
    assert 3 <= len(busy.left)
    os.kill(busy.process.pid, signal.SIGKILL)
    busy.wait()
    until(lambda: not busy.left, seconds=2)


def test_what_even_the_reaper_could_not_end_is_ended_by_the_next_start(busy):
    """Runtime and reaper killed together: Redis lives on, and must not meet a second one on its folder."""
    mark, folder = busy.mark, sockets(busy)
    [reaper_pid] = [int(p.name) for p in Path("/proc").glob("[0-9]*") if is_reaper(p, busy.mark)]
    os.kill(reaper_pid, signal.SIGKILL)
    os.kill(busy.process.pid, signal.SIGKILL)
    busy.wait()
    time.sleep(0.3)
    assert busy.left
    busy.start()
    assert [] == list(reaper.marked(mark))
    assert not folder.exists()
    assert 202 == busy.send(2)


def is_reaper(process, mark):
    try:
        return process.joinpath("cmdline").read_bytes().split(b"\0")[-2:-1] == [mark.encode()]
    except OSError:
        return False


def test_only_what_carries_the_mark_is_swept():
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    mine = subprocess.Popen(command, env={**os.environ, reaper.VARIABLE: "the-mark"}, stdout=subprocess.PIPE)
    other = subprocess.Popen(
        command, env={**os.environ, reaper.VARIABLE: "the-mark-of-another"}, stdout=subprocess.PIPE
    )
    with mine, other:
        mine.stdout.readline()
        other.stdout.readline()
        found = list(reaper.marked("the-mark"))
        swept = reaper.sweep("the-mark")
        statuses = mine.wait(10), other.poll()
        other.kill()
    assert ([mine.pid], True, (-signal.SIGKILL, None)) == (found, swept, statuses)
