"""What breaks while a callback is under way: the sender, the store, the Broker, the receiver. Nothing is lost, and
nothing is told in two ways."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from functions.notify.handler import Courier
from functions.recover.handler import Sweeper
from shared import wiring
from shared.core import events, wire
from shared.core.delivery import DeliveryState
from shared.core.errors import Unavailable
from shared.core.job import CancelRequested
from shared.settings import Settings
from tests.faults import FaultProxy
from tests.functions.jobs import complete, queue
from tests.functions.studio import eventually
from tests.peers import closed_port, peer

VIDEO = b"an MP4 " * 100_000
ROOT = Path(__file__).parents[2]
VARIABLES = {
    "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
    "WEBHOOK_TIMEOUT_SECONDS": "1",
    "ARTIFACTS_URL": "memory://",
    "K_SINK": "memory://",
}


def built(url, **variables):
    settings = Settings.from_env(VARIABLES | {"REDIS_URL": url} | variables)
    return wiring.build(settings), settings


@pytest.fixture
def services(redis_url):
    found, _ = built(redis_url)
    yield found
    found.close()


def ended(services, url):
    return services.jobs.apply(queue(services, callback=url).id, CancelRequested())


@contextmanager
def notify(redis_url, **variables):
    """One instance, as gunicorn runs it; `post` sends it the event of a job, or rings."""
    port = closed_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "gunicorn", "--config=functions/gunicorn.conf.py", f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "--threads=4", "functions.notify.app:create_app()"],
        cwd=ROOT,
        env=kept | VARIABLES | {"REDIS_URL": redis_url} | variables,
        start_new_session=True,
    )

    def up():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def ring(services):
        headers, body = wire.to_http(events.deliveries_due(services.jobs.now()))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/", body, dict(headers))
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    try:
        eventually(up, timeout=30)
        yield process, ring
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Heard:
    """What a receiver was sent, and what it does the first time before it answers."""

    def __init__(self, first=lambda: None, status="204 No Content"):
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self._first = first
        self._status = status

    def __call__(self, visit):
        lines, body = visit.request()
        head = dict(line.lower().split(": ", 1) for line in lines[1:])
        self.requests.append((head, body))
        if len(self.requests) == 1:
            self._first()
        visit.answer(self._status)

    def same(self):
        """How many came, of how many ids and bodies."""
        ids = {(head["webhook-id"], head["ce-id"]) for head, _ in self.requests}
        return len(self.requests), len(ids), len({body for _, body in self.requests})


@pytest.mark.timeout(120)
def test_notify_killed_between_the_post_and_its_record_sends_the_same_again(redis_url, services):
    doomed: list[subprocess.Popen[bytes]] = []
    heard = Heard(first=lambda: (os.killpg(doomed[0].pid, signal.SIGKILL), doomed[0].wait()))
    with peer(heard) as receiver:
        job = ended(services, receiver.url)
        with notify(redis_url) as (process, ring):
            doomed.append(process)
            assert None is ring(services)
        [left] = services.deliveries.of_job(job.id)
        assert (DeliveryState.PENDING, 0) == (left.state, left.attempts)
        with notify(redis_url) as (_, ring):
            eventually(lambda: services.deliveries.due() == 1, timeout=10)  # the hold of the dead one is over
            assert 200 == ring(services)

        assert (2, 1, 1) == heard.same()
    [done] = services.deliveries.of_job(job.id)
    assert (DeliveryState.DELIVERED, 1) == (done.state, done.attempts)


@pytest.mark.timeout(120)
def test_notify_killed_in_an_upload_sends_the_same_video_again(redis_url, tmp_path):
    variables = {"ARTIFACTS_URL": f"file://{tmp_path}", "UPLOAD_TIMEOUT_SECONDS": "1", "UPLOAD_HOSTS": "127.0.0.1"}
    services, settings = built(redis_url, **variables)
    doomed: list[subprocess.Popen[bytes]] = []
    heard = Heard(first=lambda: (os.killpg(doomed[0].pid, signal.SIGKILL), doomed[0].wait()))
    with peer(heard) as there:
        job = complete(services, settings, queue(services, upload_url=f"{there.url}?a=b").id, VIDEO)
        with notify(redis_url, **variables) as (process, ring):
            doomed.append(process)
            assert None is ring(services)
        [left] = services.deliveries.of_job(job.id)
        assert (DeliveryState.PENDING, 0) == (left.state, left.attempts)
        with notify(redis_url, **variables) as (_, ring):
            eventually(lambda: services.deliveries.due() == 1, timeout=10)
            assert 200 == ring(services)

        assert [VIDEO, VIDEO] == [body for _, body in heard.requests]
    [done] = services.deliveries.of_job(job.id)
    assert (DeliveryState.DELIVERED, 1) == (done.state, done.attempts)
    services.close()


def test_a_store_that_goes_away_during_the_post_hears_of_it_the_second_time(redis_url, services, valkey, caplog):
    with FaultProxy(valkey.port) as proxy:
        far, settings = built(f"redis://127.0.0.1:{proxy.port}")

        def away():
            proxy.freeze()
            proxy.reset()

        heard = Heard(first=away)
        with peer(heard) as receiver:
            job = ended(services, receiver.url)
            with pytest.raises(Unavailable):
                Courier(far, settings, Event()).run()
            proxy.thaw()
            assert DeliveryState.PENDING is services.deliveries.of_job(job.id)[0].state
            eventually(lambda: services.deliveries.due() == 1, timeout=10)
            Courier(far, settings, Event()).run()

            assert (2, 1, 1) == heard.same()
        far.close()
    assert "callback not recorded" in caplog.text
    assert DeliveryState.DELIVERED is services.deliveries.of_job(job.id)[0].state


def test_without_a_broker_the_end_of_a_job_is_told_by_the_minute_s_sweep(redis_url, services):
    """recover rings as soon as the Broker is back; the row was there all the time."""
    heard = Heard()
    _, settings = built(redis_url)
    with peer(heard) as receiver:
        services.publisher.down = True
        services.announce(ended(services, receiver.url))
        assert 1 == services.deliveries.due()
        services.publisher.down = False
        Sweeper(services, settings).sweep()
        assert events.DELIVERIES_DUE in [event.type for event in services.publisher.events]
        Courier(services, settings, Event()).run()

        assert (1, 1, 1) == heard.same()


def test_many_couriers_in_many_processes_tell_each_end_once(redis_url, services):
    heard = Heard()
    couriers = [Courier(*built(redis_url), Event()) for _ in range(3)]
    with peer(heard) as receiver:
        jobs = [ended(services, receiver.url) for _ in range(20)]
        threads = [threading.Thread(target=each.run) for each in couriers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert (20, 20, 20) == heard.same()
    assert {DeliveryState.DELIVERED} == {services.deliveries.of_job(job.id)[0].state for job in jobs}
