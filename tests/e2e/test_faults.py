"""kill -9 in the middle of jobs: every accepted job ends once, and no callback is lost."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.platform import Platform, eventually
from tests.engines.kill_self import POISON
from tests.receiver import Receiver

SLOW = "tests.engines.slow:Slow"
FAST_RECOVERY = {"LEASE_SECONDS": "3", "HEARTBEAT_SECONDS": "0.5", "TICK_SECONDS": "1", "RESEND_SECONDS": "1"}
JOBS = 6


def kill_function(platform: Platform, name: str) -> None:
    """The whole pod at once, as on a lost node: gunicorn's arbiter and its worker."""
    for pid in platform.pids(name):
        os.killpg(os.getpgid(pid), signal.SIGKILL)


def kill_redis(platform: Platform) -> None:
    os.kill(redis_pid(platform), signal.SIGKILL)


def redis_pid(platform: Platform) -> int:
    """The embedded server that works in this platform's folder."""
    folder = str(platform.data_dir)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            if "valkey-server" in words[0] and (process / "cwd").readlink().is_relative_to(folder):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError("no Redis server is running")


def restart_runtime(platform: Platform) -> None:
    platform.kill()
    platform.start()


FAULTS = {
    "submit": lambda platform: kill_function(platform, "submit"),
    "generate": lambda platform: kill_function(platform, "generate"),
    "notify": lambda platform: kill_function(platform, "notify"),
    "recover": lambda platform: kill_function(platform, "recover"),
    "redis": kill_redis,
    "runtime": restart_runtime,
}


@pytest.mark.parametrize("victim", FAULTS)
def test_a_kill_in_the_middle_of_jobs_loses_nothing(start, victim):
    platform = start(ENGINE=SLOW, **FAST_RECOVERY)
    with Receiver() as receiver:
        accepted = [platform.create(webhook=receiver.url, num_inference_steps=10) for _ in range(JOBS)]
        receiver.wait(1)
        assert victim in ("redis", "runtime") or platform.pids(victim)

        FAULTS[victim](platform)
        accepted += [platform.create(webhook=receiver.url, num_inference_steps=2)]

        states = Counter(platform.finished(job_id)["state"] for job_id in accepted)
        assert {"completed": len(accepted)} == states
        told = eventually(lambda: ends(receiver, accepted), "a callback for every job", timeout=60)
    assert dict.fromkeys(accepted, 1) == {job_id: len(ids) for job_id, ids in told.items()}


def ends(receiver: Receiver, accepted: list[str]) -> dict[str, set[tuple[str, bytes]]] | None:
    """The distinct callbacks of each job: a repeated one has the same id and bytes, and counts once."""
    told: dict[str, set[tuple[str, bytes]]] = {}
    for headers, body in list(receiver.received):
        told.setdefault(json.loads(body)["data"]["id"], set()).add((headers["webhook-id"], body))
    return told if set(accepted) <= set(told) else None


def test_a_video_goes_on_where_its_killed_worker_left_it(start):
    """The real pipeline: a checkpoint every second, the worker killed, the next one resumes."""
    platform = start(CHECKPOINT_SECONDS="1", **FAST_RECOVERY)
    job_id = platform.create(num_inference_steps=100, num_frames=61, size="128x128")
    log = platform.log_file
    eventually(lambda: f"stored job={job_id} step=" in log.read_text(), "a checkpoint")

    kill_function(platform, "generate")

    video = platform.finished(job_id, timeout=150)
    assert ("completed", 2, 61) == (video["state"], video["attempt"], video["output"]["num_frames"])
    assert "resumed" in log.read_text()


def test_a_job_that_kills_every_worker_fails_and_the_others_do_not(start):
    platform = start(ENGINE="tests.engines.kill_self:KillSelfAsTold", **FAST_RECOVERY)
    with platform.held():
        before = [platform.create() for _ in range(2)]
        poison = platform.create(prompt=f"a cup of {POISON}")
        behind = [platform.create() for _ in range(3)]

    ends = [platform.finished(job_id) for job_id in before + behind]
    ended = platform.finished(poison)

    assert ("failed", "worker_lost", 3) == (ended["state"], ended["error"]["code"], ended["attempt"])
    assert [("completed", 1)] * 5 == [(video["state"], video["attempt"]) for video in ends]


def test_ctrl_c_in_the_middle_of_a_job_leaves_no_process_and_loses_nothing(start):
    platform = start(ENGINE=SLOW, **FAST_RECOVERY)
    job_id = platform.create(num_inference_steps=60)
    eventually(lambda: platform.video(job_id)["state"] == "running", "the job runs")
    pids = [pid for name in ("submit", "generate") for pid in platform.pids(name)] + [redis_pid(platform)]

    assert 0 == platform.stop()

    assert [] == [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    platform.start()
    assert "completed" == platform.finished(job_id)["state"]


def test_while_redis_is_away_the_api_says_so_and_when_to_come_back(start):
    platform = start(ENGINE=SLOW)
    job_id = platform.create()
    pid = redis_pid(platform)
    os.kill(pid, signal.SIGSTOP)
    try:
        status, headers, body = platform.call("GET", f"/v1/videos/{job_id}")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert (503, "store_unavailable") == (status, json.loads(body)["error"]["code"])
    assert int(headers["Retry-After"]) >= 1
    assert "completed" == platform.finished(job_id)["state"]
