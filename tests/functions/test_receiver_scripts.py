"""Receivers of every kind, over the whole schedule: the tries that are expected of us, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpcore
import pytest

from functions.notify.postman import Postman
from shared.adapters.http_webhooks import HttpWebhooks
from shared.core.delivery import SCHEDULE
from shared.core.job import CancelRequested
from tests import scripts
from tests.callbacks import LOOPBACK, answer
from tests.certificates import certificate
from tests.functions.jobs import queue
from tests.functions.test_postman import round_
from tests.peers import peer
from tests.stores import Clock, memory_stores

SHORT, LONG = timedelta(seconds=0.3), timedelta(seconds=10)
"""For a whole exchange: with receivers that hang, who are asked ten times, and with others."""
METADATA = "Location: http://169.254.169.254/latest/meta-data/"
GIGABYTE = 2**30
ALL = 1 + len(SCHEDULE)


class Recorder(httpcore.SyncBackend):
    """The real network, and a list of where it was asked to connect."""

    def __init__(self) -> None:
        self.connects: list[tuple[str, int]] = []

    def connect_tcp(self, host, port, *more, **options):
        self.connects.append((host, port))
        return super().connect_tcp(host, port, *more, **options)


class Gigabyte:
    """Says 200, and sends a body of a gigabyte for as long as it is taken."""

    def __init__(self) -> None:
        self.sent = 0

    def __call__(self, visit):
        visit.request()
        visit.send(f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
        while self.sent < GIGABYTE:
            visit.send(bytes(65536))
            self.sent += 65536


def three_failures(visit):
    visit.request()
    visit.answer("500 Internal Server Error" if visit.number < 3 else "200 OK")


def story(services, clock, settings, script, *, tls=None, timeout=LONG):
    """All tries of one callback to such a receiver: what each came to, how it ended, and where we connected to."""
    network = Recorder()
    webhooks = HttpWebhooks(LOOPBACK, timeout=timeout, network=network)
    stores = memory_stores(clock)
    ours = replace(services, jobs=stores.jobs, deliveries=stores.deliveries, endpoints=stores.endpoints)
    postman = Postman(replace(ours, webhooks=webhooks), settings)
    with peer(script, tls) as receiver:
        url = receiver.url.replace("http:", "https:") if tls else receiver.url
        job = stores.jobs.apply(queue(ours, callback=url).id, CancelRequested())
        while (due := stores.deliveries.next_due()) is not None:
            clock.forward(max(due - stores.jobs.now(), timedelta(0)))
            round_(ours, postman)
        assert {("127.0.0.1", receiver.port)} == set(network.connects)
    [delivery] = stores.deliveries.of_job(job.id)
    assert len(delivery.posts) == len(network.connects)
    return [post.status or post.error for post in delivery.posts], delivery.state


@pytest.mark.parametrize(
    ("script", "tries", "end"),
    [
        (three_failures, [500, 500, 500, 200], "delivered"),
        (answer("204 No Content"), [204], "delivered"),
        (answer("410 Gone"), [410], "abandoned"),
        (answer("301 Moved Permanently", METADATA), [301] * ALL, "abandoned"),
        (answer("307 Temporary Redirect", METADATA), [307] * ALL, "abandoned"),
        (answer("404 Not Found"), [404] * ALL, "abandoned"),
        (scripts.reset, ["connection_reset"] * ALL, "abandoned"),
        (scripts.hang_up, ["protocol"] * ALL, "abandoned"),
        (scripts.babble, ["protocol"] * ALL, "abandoned"),
    ],
)
def test_each_receiver_gets_the_tries_that_it_should(services, settings, script, tries, end):
    assert (tries, end) == story(services, Clock(), settings, script)


@pytest.mark.parametrize("script", [scripts.hang, scripts.drip_a_head])
def test_a_receiver_that_does_not_come_to_an_end_is_asked_as_often_as_one_that_fails(services, settings, script):
    assert (["timeout"] * ALL, "abandoned") == story(services, Clock(), settings, script, timeout=SHORT)


def test_a_certificate_that_nobody_vouches_for_is_tried_again_and_told_nothing(services, settings, tmp_path):
    heard = []

    def listen(visit):
        heard.append(visit.request())

    tls = certificate(tmp_path, "IP:127.0.0.1").server()
    assert (["tls"] * ALL, "abandoned") == story(services, Clock(), settings, listen, tls=tls)
    assert [] == heard


def test_of_a_gigabyte_next_to_nothing_is_taken(services, settings):
    script = Gigabyte()

    assert ([200], "delivered") == story(services, Clock(), settings, script)
    assert script.sent < GIGABYTE // 20
