"""What is brought to the artifact store in the background."""

from __future__ import annotations

import threading
import time

import pytest

from functions.generate.courier import Courier
from shared.adapters.memory_artifacts import MemoryArtifacts
from shared.core.errors import NotFound, Unavailable


class HeldStore(MemoryArtifacts):
    """Takes a thing only when it is let."""

    def __init__(self):
        super().__init__()
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.puts = []

    def put(self, key, source, content_type):
        self.begun.release()
        assert self.go.acquire(timeout=5)
        self.puts.append(source)
        return super().put(key, source, content_type)


def read(store, key):
    try:
        return b"".join(store.read(key))
    except NotFound:
        return None


def test_it_brings_what_it_is_given_and_flush_waits_for_it():
    store = MemoryArtifacts()
    with Courier(store, "job") as courier:
        courier.send("t/j/a", b"one", "text/plain")
        courier.send("t/j/b", b"two", "text/plain")
        courier.flush(5)
        assert (b"one", b"two") == (read(store, "t/j/a"), read(store, "t/j/b"))
        assert {"t/j/a", "t/j/b"} == courier.sent


def test_nobody_waits_for_a_slow_store_and_only_the_newest_follows_the_one_under_way():
    store = HeldStore()
    with Courier(store, "job") as courier:
        courier.send("t/j/a", b"1", "text/plain")
        assert store.begun.acquire(timeout=5)
        for number in b"23456":
            courier.send("t/j/a", bytes([number]), "text/plain")
        store.go.release(2)
        courier.flush(5)
    assert [b"1", b"6"] == store.puts


def send_two(courier, store):
    """One is under way, and one waits."""
    courier.send("t/j/a", b"1", "text/plain")
    assert store.begun.acquire(timeout=5)
    courier.send("t/j/b", b"2", "text/plain")


def test_flush_waits_no_longer_than_it_is_told():
    store = HeldStore()
    with Courier(store, "job") as courier:
        courier.send("t/j/a", b"1", "text/plain")
        courier.flush(0.05)
        assert [] == store.puts
        store.go.release()


def test_at_its_end_what_is_under_way_arrives_and_what_waits_is_dropped():
    store = HeldStore()
    with Courier(store, "job") as courier:
        send_two(courier, store)
        threading.Timer(0.05, store.go.release).start()
    assert [b"1"] == store.puts
    assert not [t for t in threading.enumerate() if t.name.startswith("courier")]


def test_a_store_that_is_away_costs_the_thing_and_nothing_else(caplog):
    class Away(MemoryArtifacts):
        away = True

        def put(self, key, source, content_type):
            if self.away:
                raise Unavailable("gone")
            return super().put(key, source, content_type)

    store = Away()
    with Courier(store, "job") as courier:
        courier.send("t/j/a", b"1", "text/plain")
        courier.flush(5)
        store.away = False
        courier.send("t/j/a", b"2", "text/plain")
        courier.flush(5)
    assert b"2" == read(store, "t/j/a")
    assert ["a not stored, drawing goes on"] == [r.message for r in caplog.records if r.levelname == "WARNING"]


def test_one_that_was_given_nothing_has_no_thread():
    before = threading.active_count()
    with Courier(MemoryArtifacts(), "job") as courier:
        courier.flush(5)
        assert before == threading.active_count()


class Buggy(HeldStore):
    """Its first put meets a bug."""

    broken = True

    def put(self, key, source, content_type):
        stored = super().put(key, source, content_type)
        if self.broken:
            self.broken = False
            raise RuntimeError("a bug in the store")
        return stored


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_costs_only_the_thing_that_met_it_and_the_log_tells(caplog):
    store = Buggy()
    store.go.release(9)
    with Courier(store, "job") as courier:
        for thing in (b"1", b"2", b"3"):
            courier.send("t/j/a", thing, "text/plain")
            courier.flush(5)
    assert [b"1", b"2", b"3"] == store.puts
    assert ["t/j/a"] == list(courier.brought)
    assert ["the courier broke, another one goes on"] == [r.message for r in caplog.records if r.levelname == "ERROR"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_waited_behind_a_bug_is_brought_and_nobody_waits_for_what_met_it():
    store = Buggy()
    with Courier(store, "job") as courier:
        send_two(courier, store)
        store.go.release(2)
        before = time.monotonic()
        courier.flush(5)
        assert time.monotonic() - before < 4
    assert [b"1", b"2"] == store.puts
    assert ["t/j/b"] == list(courier.brought)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_its_end_no_bug_begins_another_one():
    store = Buggy()
    with Courier(store, "job") as courier:
        send_two(courier, store)
        threading.Timer(0.05, store.go.release, [2]).start()
    assert [b"1"] == store.puts
    assert not [t for t in threading.enumerate() if t.name.startswith("courier")]
