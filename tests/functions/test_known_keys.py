"""Stored keys at the door: how often the store is asked, how soon a revocation acts, what happens without the store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from functions.submit import known_keys
from functions.submit.known_keys import KnownKeys
from shared.adapters.memory import Memory
from shared.adapters.memory_api_keys import MemoryKeyStore
from shared.core.access import Caller, Scope, new_api_key
from shared.core.api_key import ApiKey, Revoked, Rotated, Secret, digest
from shared.core.errors import Unavailable
from tests.functions.studio import Hold, eventually
from tests.stores import START

PEPPER, OLD_PEPPER = "p" * 32, "o" * 32
HOUR = timedelta(hours=1)


class World:
    """A store that counts how often it is looked at, and one clock for it and the process."""

    def __init__(self):
        self.now = 0.0
        self.looks = 0
        self.away = False
        self.store = MemoryKeyStore(Memory(clock=lambda: START + timedelta(seconds=self.now), retention=HOUR))
        self.callers = 0
        self.known = KnownKeys(self, [PEPPER, OLD_PEPPER], monotonic=self.monotonic)

    def monotonic(self):
        self.callers += 1
        return self.now

    def sight(self, key_id):
        self.looks += 1
        if self.away:
            raise Unavailable("the store is away")
        return self.store.sight(key_id)

    def make(self, pepper=PEPPER, key_id=None, **changes):
        key = new_api_key(key_id)
        fixed = {"id": key[3:11], "tenant": "ada", "scopes": ("videos:read",), "created_at": START}
        self.store.add(ApiKey(**fixed, secrets=(Secret(digest(key, pepper)),), **changes))
        return key


@pytest.fixture
def world():
    return World()


def test_a_stored_key_opens_as_its_tenant_and_the_store_is_asked_every_three_seconds(world):
    key = world.make()
    for tenth in range(100):
        world.now = tenth / 10
        assert Caller("ada", key[3:11], frozenset({Scope.READ})) == world.known.caller(key)

    assert 4 == world.looks  # at 0, 3, 6 and 9 seconds


def test_what_has_not_our_form_never_reaches_the_store(world):
    for shown in ("", "fb_", "x" * 9000, "fb_0a1b2c3d_" + "\N{LATIN SMALL LETTER E WITH ACUTE}" * 43, "a.b.c"):
        assert None is world.known.caller(shown)

    assert 0 == world.looks


def test_another_secret_opens_nothing_and_costs_no_further_look(world):
    key = world.make()
    for _ in range(50):
        assert None is world.known.caller(new_api_key(key[3:11]))

    assert 1 == world.looks


def test_an_unknown_id_is_asked_for_once_in_three_seconds(world):
    stranger = new_api_key()
    for tenth in range(30):
        world.now = tenth / 10
        assert None is world.known.caller(stranger)

    assert 1 == world.looks


@pytest.mark.parametrize("when", [0.0, 1.0, 2.9])
def test_a_revocation_acts_within_five_seconds_whenever_it_comes(world, when):
    key = world.make()
    world.known.caller(key)
    world.now = when
    world.store.apply(key[3:11], Revoked())
    world.now = when + 5

    assert None is world.known.caller(key)


def test_a_deleted_key_is_closed_within_five_seconds(world):
    key = world.make()
    world.known.caller(key)
    world.store.delete(key[3:11])
    world.now = 5

    assert None is world.known.caller(key)


def test_while_the_store_is_away_a_known_key_opens_for_five_seconds_and_then_nothing_is_told(world):
    key = world.make()
    assert world.known.caller(key)
    world.away = True
    for tenth in range(50):
        world.now = tenth / 10
        assert world.known.caller(key), world.now
    looks = world.looks

    world.now = 5
    for shown in (key, new_api_key()):
        with pytest.raises(Unavailable):
            world.known.caller(shown)
    assert looks <= 1 + 2  # a store that is away is asked once a second
    world.away = False
    assert world.known.caller(key)


def test_the_age_counts_from_before_the_question_so_that_a_slow_answer_is_not_believed_for_longer(world):
    key = world.make()
    answer = world.store.sight

    class Slow:
        def sight(self, key_id):
            found = answer(key_id)
            world.now += 4
            return found

    known = KnownKeys(Slow(), [PEPPER], monotonic=lambda: world.now)
    assert known.caller(key)
    world.store.apply(key[3:11], Revoked())
    world.now = 5

    assert None is known.caller(key)


def test_expiry_needs_no_look(world):
    key = world.make(expires_at=START + timedelta(seconds=2))
    assert world.known.caller(key)
    world.now = 1.9
    assert world.known.caller(key)
    world.now = 2

    assert None is world.known.caller(key)
    assert 1 == world.looks


def test_both_keys_open_while_a_rotation_overlaps(world):
    key = world.make()
    new = new_api_key(key[3:11])
    world.store.apply(key[3:11], Rotated(digest(new, PEPPER), timedelta(seconds=10)))

    assert [True, True] == [bool(world.known.caller(each)) for each in (key, new)]
    world.now = 10
    assert [False, True] == [bool(world.known.caller(each)) for each in (key, new)]


def test_a_key_under_the_pepper_before_still_opens_and_without_a_pepper_none_does(world):
    key = world.make(OLD_PEPPER)

    assert world.known.caller(key)
    assert None is KnownKeys(world, [PEPPER], monotonic=lambda: 0).caller(key)
    assert None is KnownKeys(world, [], monotonic=lambda: 0).caller(key)


def test_a_flood_of_guessed_ids_pushes_out_no_good_key_and_is_not_kept(world):
    key = world.make()
    world.known.caller(key)
    for n in range(known_keys.MOST_STRANGE + 10):
        world.known.caller(new_api_key(f"{n:08d}"))
    looks = world.looks
    assert world.known.caller(key)
    assert looks == world.looks

    world.known.caller(new_api_key("00000000"))  # the first stranger was forgotten
    assert looks + 1 == world.looks


def test_more_keys_than_are_kept_still_open(world):
    keys = [world.make(key_id=f"{n:08d}") for n in range(known_keys.MOST + 5)]
    assert all(world.known.caller(key) for key in keys)
    looks = world.looks
    assert world.known.caller(keys[0])
    assert looks + 1 == world.looks
    assert world.known.caller(keys[-1])
    assert looks + 1 == world.looks


@pytest.fixture
def pool():
    with ThreadPoolExecutor(20) as threads:
        yield threads


def held(world):
    """A store that does not answer before it is told to."""
    hold, answer = Hold(), world.store.sight

    def sight(key_id):
        world.looks += 1
        hold.here()
        if world.away:
            raise Unavailable("the store is away")
        return answer(key_id)

    world.sight = sight
    return hold


@pytest.mark.parametrize("away", [False, True])
def test_many_who_come_at_once_ask_once_and_have_one_answer(world, pool, away):
    key, world.away = world.make(), away
    hold = held(world)
    asked = [pool.submit(world.known.caller, key) for _ in range(20)]
    hold.await_reached()
    eventually(lambda: world.callers == 20)  # all have come, none has an answer
    hold.go.set()
    told = [type(each.exception(10)) if each.exception(10) else each.result().tenant for each in asked]

    assert ([Unavailable] * 20 if away else ["ada"] * 20) == told
    assert 1 == world.looks


def test_while_one_asks_anew_the_others_go_on_with_what_is_known(world, pool):
    key = world.make()
    world.known.caller(key)
    hold, world.now = held(world), 3.5
    first = pool.submit(world.known.caller, key)
    hold.await_reached()
    try:
        assert [True] * 5 == [bool(world.known.caller(key)) for _ in range(5)]
    finally:
        hold.go.set()
    assert first.result(10)
    assert 2 == world.looks


def test_a_bug_in_the_store_is_told_to_all_and_the_next_may_ask_again(world):
    key, answer = world.make(), world.store.sight
    world.sight = lambda key_id: {}[key_id]
    with pytest.raises(KeyError):
        world.known.caller(key)
    world.sight = answer

    assert world.known.caller(key)


@pytest.mark.parametrize("tried", [3.0, 4.2, 4.9])
def test_a_question_without_an_answer_makes_nothing_good_for_longer(world, tried):
    key = world.make()
    world.known.caller(key)
    world.away = True
    world.now = tried
    assert world.known.caller(key)

    for world.now in (5, 5.05, 5.5):
        with pytest.raises(Unavailable):
            world.known.caller(key)
