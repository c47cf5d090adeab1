"""API keys: which ones there are, what they open, and that they are told to nobody."""

import re

import pytest

from shared.core.access import Caller, Keyring, new_api_key

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
