"""API keys: which ones there are, what they open, and that they are told to nobody."""

import re

import pytest

from shared.core.access import ALL_SCOPES, Caller, Keyring, Scope, new_api_key
from shared.core.errors import Forbidden

KEY = "fb_0a1b2c3d_" + "s" * 43


def test_a_new_key_has_our_form_and_opens():
    key = new_api_key()

    assert re.fullmatch(r"fb_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", key)
    assert Caller(tenant="default", key_id=key[3:11]) == Keyring([key]).caller(key)


def test_new_keys_differ():
    assert 100 == len({new_api_key() for _ in range(100)})


@pytest.mark.parametrize(
    "key",
    [
        "",
        "fb_",
        KEY[:-1],
        KEY[:-1] + "t",
        KEY + "s",
        KEY + "\n",
        KEY.upper(),
        KEY.replace("0a1b2c3d", "0a1b2c3e"),
        "Bearer " + KEY,
        "fb_0a1b2c3d_" + "\N{LATIN SMALL LETTER E WITH ACUTE}" * 43,
        "\ud800",
    ],
    ids=ascii,
)
def test_any_other_key_opens_nothing(key):
    assert None is Keyring([KEY]).caller(key)


def test_an_empty_ring_opens_nothing():
    assert None is Keyring([]).caller(KEY)


def test_each_of_several_keys_opens():
    keys = [new_api_key() for _ in range(3)]
    ring = Keyring(keys)

    assert [key[3:11] for key in keys] == [caller.key_id for key in keys if (caller := ring.caller(key))]


@pytest.mark.parametrize("key", ["letmein", "fb_short_" + "s" * 43, "fb_0a1b2c3d_tooshort", KEY + "s" * 22])
def test_a_key_of_another_form_is_refused_and_not_repeated(key):
    with pytest.raises(ValueError, match="an API key is fb_") as caught:
        Keyring([KEY, key])

    assert key not in str(caught.value)


def test_two_keys_with_one_id_are_refused_because_one_would_open_nothing():
    other = KEY[:-1] + "t"
    with pytest.raises(ValueError, match="two API keys have the id 0a1b2c3d") as caught:
        Keyring([KEY, other])

    assert KEY not in str(caught.value)
    assert other not in str(caught.value)


def test_the_same_key_twice_is_one_key():
    assert Keyring([KEY, KEY]).caller(KEY)


def test_a_ring_keeps_no_key():
    assert KEY not in repr(vars(Keyring([KEY])))


@pytest.mark.parametrize(
    ("prefix", "tenant", "scopes"),
    [
        ("", "default", ALL_SCOPES),
        ("acme=", "acme", ALL_SCOPES),
        ("acme:videos:read=", "acme", {Scope.READ}),
        ("acme:videos:write+videos:read=", "acme", {Scope.READ, Scope.WRITE}),
        ("default:admin=", "default", {Scope.ADMIN}),
        ("a-1=", "a-1", ALL_SCOPES),
        ("x" * 63 + "=", "x" * 63, ALL_SCOPES),
    ],
)
def test_before_a_key_may_stand_whose_it_is_and_what_it_may_do(prefix, tenant, scopes):
    assert Caller(tenant, "0a1b2c3d", frozenset(scopes)) == Keyring([prefix + KEY]).caller(KEY)


@pytest.mark.parametrize("prefix", ["acme=", "acme:videos:read="])
def test_a_key_is_shown_without_what_stands_before_it(prefix):
    assert None is Keyring([prefix + KEY]).caller(prefix + KEY)


@pytest.mark.parametrize(
    ("prefix", "sentence"),
    [
        *(
            (prefix, "the tenant of the API key 0a1b2c3d must be")
            for prefix in ("=", ":admin=", "Acme=", "a/b=", "a=b=")
        ),
        *((prefix, "the tenant of the API key 0a1b2c3d must be") for prefix in ("-a=", "a-=", "..=", "x" * 64 + "=")),
        *((prefix, "the scopes of the API key 0a1b2c3d must be") for prefix in ("a:=", "a:all=", "a:admin+=", "a::=")),
        ("acme:", "an API key is fb_"),
        ("acme", "an API key is fb_"),
    ],
)
def test_a_wrong_word_before_a_key_is_refused_with_a_sentence(prefix, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        Keyring([prefix + KEY])

    assert KEY not in str(caught.value)


def test_one_key_cannot_be_two_callers():
    with pytest.raises(ValueError, match="the API key 0a1b2c3d stands there twice"):
        Keyring(["acme=" + KEY, "other=" + KEY])
    with pytest.raises(ValueError, match="the API key 0a1b2c3d stands there twice"):
        Keyring([KEY, "default:admin=" + KEY])


def test_a_missing_scope_is_named():
    caller = Caller("acme", "0a1b2c3d", frozenset({Scope.READ}))

    caller.needs(Scope.READ)
    with pytest.raises(Forbidden, match="this API key lacks the scope videos:write"):
        caller.needs(Scope.WRITE)
