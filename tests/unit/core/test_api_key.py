"""Entries of API keys: what opens, until when, and what a rotation leaves."""

from datetime import timedelta

import pytest

from shared.core.access import Caller, Scope
from shared.core.api_key import ApiKey, Revoked, Rotated, Secret, changed, digest, opens
from shared.core.errors import Conflict
from tests.stores import START

HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)
KEY, NEW = "fb_0a1b2c3d_" + "s" * 43, "fb_0a1b2c3d_" + "n" * 43
PEPPER = "p" * 32
D, N = digest(KEY, PEPPER), digest(NEW, PEPPER)


def entry(**changes):
    fixed = {"id": "0a1b2c3d", "tenant": "ada", "scopes": ("videos:read",), "secrets": (Secret(D),)}
    return ApiKey(**{**fixed, "created_at": START, **changes})


def test_a_digest_is_an_hmac_of_the_whole_key_under_the_pepper():
    assert 64 == len(D)
    assert 4 == len({D, N, digest(KEY, "q" * 32), digest(KEY.replace("0a1b2c3d", "0a1b2c3e"), PEPPER)})


def test_a_live_secret_opens_and_no_other_does():
    assert opens(entry(), [D], START)
    assert opens(entry(), [N, D], START)
    assert not opens(entry(), [N], START)
    assert not opens(entry(), [], START)
    assert not opens(entry(secrets=()), [D], START)


def test_nothing_opens_from_the_instant_of_its_end_on():
    end = START + HOUR
    for dead in (entry(expires_at=end), entry(secrets=(Secret(D, end),))):
        assert opens(dead, [D], end - INSTANT)
        assert not opens(dead, [D], end)


def test_a_revoked_key_opens_nothing_whatever_the_clock_says():
    revoked = changed(entry(), Revoked(), START)

    assert not opens(revoked, [D], START - HOUR)
    assert revoked == changed(revoked, Revoked(), START + HOUR)


def test_both_secrets_open_until_the_overlap_is_over():
    rotated = changed(entry(), Rotated(N, HOUR), START)

    assert (Secret(N), Secret(D, START + HOUR)) == rotated.secrets
    assert [True, True] == [opens(rotated, [shown], START + HOUR - INSTANT) for shown in (D, N)]
    assert [False, True] == [opens(rotated, [shown], START + HOUR) for shown in (D, N)]


def test_without_overlap_every_older_secret_ends_at_once():
    twice = changed(changed(entry(), Rotated("x", HOUR), START), Rotated(N, timedelta(0)), START)

    assert (Secret(N),) == twice.secrets


def test_a_third_live_secret_is_refused_and_the_sentence_says_until_when():
    rotated = changed(entry(), Rotated(N, HOUR), START)

    with pytest.raises(Conflict, match="the older one until 2026-01-02T04:04:05Z") as caught:
        changed(rotated, Rotated("x", HOUR), START + HOUR - INSTANT)
    assert "rotation_under_way" == caught.value.code
    assert ["x", N] == [s.digest for s in changed(rotated, Rotated("x", HOUR), START + HOUR).secrets]


@pytest.mark.parametrize("dead", [{"revoked_at": START}, {"expires_at": START}], ids=["revoked", "expired"])
@pytest.mark.parametrize("overlap", [timedelta(0), HOUR])
def test_a_dead_key_is_not_brought_back_by_a_rotation(dead, overlap):
    with pytest.raises(Conflict) as caught:
        changed(entry(**dead), Rotated(N, overlap), START)
    assert "key_not_live" == caught.value.code


def test_its_caller_may_do_what_this_version_knows():
    assert Caller("ada", "0a1b2c3d", frozenset({Scope.READ})) == entry(scopes=("videos:read", "galaxies")).caller
    assert Caller("ada", "0a1b2c3d", frozenset()) == entry(scopes=("galaxies",)).caller
