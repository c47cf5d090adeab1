"""Questions asked together: nobody is told what was read before he came, nor pays for another's bug."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.redis_gathering import MOST, Gathering
from shared.core.errors import Unavailable
from tests.functions.studio import eventually


class Server:
    """Answers when it is let; knows what was asked together."""

    def __init__(self):
        self.asked = []
        self.go = threading.Semaphore(0)
        self.error = None

    def __call__(self, names):
        self.asked.append(list(names))
        self.go.acquire()
        if self.error and (self.error is not True or "bad" in names):
            raise self.error if self.error is not True else ZeroDivisionError("bad")
        return [f"{name} at {len(self.asked)}" for name in names]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(MOST + 20) as threads:
        yield threads


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def gathering(server):
    return Gathering(server)


def ask(pool, gathering, names):
    """All of them, in this order, while one question is on its way."""
    answers = []
    for n, name in enumerate(names, start=1):
        answers.append(pool.submit(gathering.ask, name))
        eventually(lambda n=n: len(gathering._waiting) == n)
    return answers


def first(pool, server, gathering):
    answer = pool.submit(gathering.ask, "first")
    eventually(lambda: server.asked == [["first"]])
    return answer


def test_who_is_alone_asks_alone(server, gathering):
    server.go.release(2)

    assert ["a at 1", "b at 2"] == [gathering.ask("a"), gathering.ask("b")]


def test_those_who_come_meanwhile_are_asked_for_together_and_afterwards(server, gathering, pool):
    before = first(pool, server, gathering)
    others = ask(pool, gathering, ["a", "b", "a"])
    server.go.release(2)

    assert "first at 1" == before.result(5)
    assert ["a at 2", "b at 2", "a at 2"] == [other.result(5) for other in others]
    assert [["first"], ["a", "b", "a"]] == server.asked


def test_not_more_than_some_are_asked_for_at_once(server, gathering, pool):
    first(pool, server, gathering)
    others = ask(pool, gathering, [str(n) for n in range(MOST + 3)])
    server.go.release(3)

    assert {*[other.result(5).split()[0] for other in others]} == {str(n) for n in range(MOST + 3)}
    assert [1, MOST, 3] == [len(names) for names in server.asked]


def test_a_server_that_is_away_is_away_for_all_who_wait_for_it(server, gathering, pool):
    before = first(pool, server, gathering)
    others = ask(pool, gathering, ["a", "b"])
    server.error = Unavailable("away", retry_after=7)
    server.go.release()

    for each in (before, *others):
        with pytest.raises(Unavailable, match="away") as error:
            each.result(5)
        assert 7 == error.value.retry_after
    server.error = None
    server.go.release()
    assert "c at 2" == gathering.ask("c")


def test_a_bug_that_one_question_meets_is_not_the_others(server, gathering, pool):
    before = first(pool, server, gathering)
    server.error = True
    others = ask(pool, gathering, ["a", "bad", "b"])
    server.go.release(20)

    assert before.result(5)
    with pytest.raises(ZeroDivisionError):
        others[1].result(5)
    assert "b" == others[2].result(5).split()[0]
    assert "c" == gathering.ask("c").split()[0]
