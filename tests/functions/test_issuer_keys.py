"""An issuer's keys: when it is asked, what is believed while it is away, and which keys are of use."""

import json
import threading

import pytest
from joserfc import jwk

from functions.submit.issuer_keys import MAX_KEYS, OLD_S, PAUSE_S, STALE_S, IssuerKeys
from shared.core.errors import Unavailable
from tests.functions.studio import Hold
from tests.issuer import Issuer


class World:
    """An issuer that can be away, and a clock."""

    def __init__(self):
        self.now = 1000.0
        self.asked = 0
        self.issuer = Issuer()
        self.text = self.issuer.key_set()
        self.keys = IssuerKeys(self, monotonic=lambda: self.now)

    def fetch(self):
        self.asked += 1
        if self.text is None:
            raise Unavailable("the issuer is away")
        return self.text


@pytest.fixture
def world():
    return World()


def test_it_is_asked_at_the_first_token_and_then_every_ten_minutes(world):
    assert 0 == world.asked
    for minute in range(35):
        world.now = 1000 + 60 * minute
        assert world.keys.key("rsa")

    assert 4 == world.asked


def test_unknown_names_make_it_ask_again_but_not_more_often_than_every_ten_seconds(world):
    for tenth in range(300):
        world.now = 1000 + tenth / 10
        assert None is world.keys.key(f"unknown-{tenth}")

    assert 300 / 10 / PAUSE_S == world.asked


def test_a_new_key_of_the_issuer_is_found_within_ten_seconds(world):
    world.keys.key("rsa")
    world.issuer.keys["new"] = jwk.ECKey.generate_key("P-256")
    world.text = world.issuer.key_set()
    world.now += PAUSE_S

    assert world.keys.key("new")


def test_a_key_that_the_issuer_took_back_verifies_nothing_after_ten_minutes(world):
    world.keys.key("rsa")
    del world.issuer.keys["rsa"]
    world.text = world.issuer.key_set()
    world.now += OLD_S + 1

    assert None is world.keys.key("rsa")
    assert world.keys.key("ec")


@pytest.mark.parametrize(
    "text", [None, b"", b"[]", b'{"keys": 7}', b"<html>", json.dumps({"keys": [{}] * 101}).encode()]
)
def test_what_it_said_last_is_believed_for_a_day_while_it_says_nothing_sensible(world, text):
    world.keys.key("rsa")
    began, world.text = world.now, text
    for seconds in (OLD_S + 1, 3600, STALE_S):
        world.now = began + seconds
        assert world.keys.key("rsa")

    world.now = began + STALE_S + 1
    with pytest.raises(Unavailable):
        world.keys.key("rsa")


def test_before_it_answered_nothing_can_be_told_and_it_is_not_asked_at_every_token(world):
    text, world.text = world.text, None
    for tenth in range(100):
        world.now = 1000 + tenth / 10
        with pytest.raises(Unavailable):
            world.keys.key("rsa")
    assert 1 == world.asked
    world.text = text
    world.now = 1000 + PAUSE_S

    assert world.keys.key("rsa")


def test_an_issuer_that_takes_all_its_keys_back_is_heard(world):
    world.keys.key("rsa")
    world.text = b'{"keys": []}'
    world.now += OLD_S + 1

    assert None is world.keys.key("rsa")


def test_while_one_asks_the_others_go_on_with_what_is_known(world):
    world.keys.key("rsa")
    world.now += OLD_S + 1
    hold = Hold()

    def slow():
        hold.here()
        return world.issuer.key_set()

    world.fetch = slow
    asking = threading.Thread(target=world.keys.key, args=("rsa",))
    asking.start()
    hold.await_reached()
    try:
        assert world.keys.key("ec")
    finally:
        hold.go.set()
        asking.join(10)


RSA, EC = jwk.RSAKey.generate_key(2048), jwk.ECKey.generate_key("P-256")


def entry(key, private=False, **changes):
    said = {**key.as_dict(private=private), "kid": "k", **changes}
    return {name: value for name, value in said.items() if value is not ...}


def found(*entries):
    class Source:
        def fetch(self):
            return json.dumps({"keys": entries}).encode()

    return IssuerKeys(Source()).key("k")


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (entry(RSA), ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        (entry(RSA, alg="PS384", use="sig"), ("PS384",)),
        (entry(EC, key_ops=["verify"]), ("ES256",)),
        (entry(jwk.ECKey.generate_key("P-384")), ("ES384",)),
        (entry(jwk.ECKey.generate_key("P-521")), ("ES512",)),
        (entry(jwk.OKPKey.generate_key("Ed25519")), ("Ed25519",)),
    ],
)
def test_a_key_verifies_what_its_kind_can(key, algorithms):
    assert algorithms == found(key).algorithms


@pytest.mark.parametrize(
    "key",
    [
        entry(RSA, use="enc"),
        entry(RSA, key_ops=["encrypt"]),
        entry(RSA, key_ops="verify"),
        entry(RSA, alg="HS256"),
        entry(RSA, alg="none"),
        entry(RSA, alg=["RS256"]),
        entry(RSA, kid=...),
        entry(RSA, kid=7),
        entry(RSA, kid=""),
        entry(RSA, n="x"),
        entry(RSA, n=...),
        entry(RSA, kty="DSA"),
        entry(RSA, kty=["RSA"]),
        entry(RSA, private=True),
        entry(jwk.OctKey.generate_key(256), private=True),
        entry(jwk.ECKey.generate_key("secp256k1")),
        entry(EC, x="AAAA"),
        entry(EC, crv="P-384"),
        entry(jwk.OKPKey.generate_key("X25519")),
        None,
        "k",
        [],
    ],
)
def test_what_cannot_verify_signatures_here_is_passed_over(key):
    assert None is found(key)
    other = entry(EC, kid="other")
    assert None is found(key, other)


@pytest.mark.filterwarnings("ignore:.*2048:joserfc.errors.SecurityWarning")
def test_a_short_rsa_key_is_passed_over():
    assert None is found(entry(jwk.RSAKey.generate_key(1024)))


def test_of_two_keys_of_one_name_the_first_that_can_be_used_counts():
    assert ("ES256",) == found(entry(RSA, use="enc"), entry(EC), entry(RSA)).algorithms


def test_as_many_keys_as_allowed_are_read():
    many = [entry(EC, kid=f"{n}") for n in range(MAX_KEYS - 1)]

    assert found(*many, entry(EC))
