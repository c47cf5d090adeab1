"""Secrets at rest: unreadable without the key, unmovable, and still open after the key was exchanged."""

import pytest

from shared.core.errors import Unavailable
from shared.core.sealing import NONCE_BYTES, Sealer

NEW, OLD, OTHER = b"n" * 32, b"o" * 32, b"x" * 32
NONCE = bytes(range(NONCE_BYTES))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sealed(*keys, nonce=NONCE, purpose="webhook endpoint ada/we_1"):
    return Sealer(keys).seal(SECRET, nonce=nonce, purpose=purpose)


def opened(text, *keys, purpose="webhook endpoint ada/we_1"):
    return Sealer(keys).open(text, purpose=purpose)


def test_what_was_sealed_is_opened_with_the_key_only():
    assert SECRET == opened(sealed(NEW), NEW)
    with pytest.raises(Unavailable, match="which WEBHOOK_KEY lacks"):
        opened(sealed(NEW), OTHER)


def test_the_secret_does_not_show():
    assert SECRET.removeprefix("whsec_") not in sealed(NEW)
    assert sealed(NEW) != sealed(NEW, nonce=bytes(NONCE_BYTES))


def test_a_new_key_seals_and_the_one_before_still_opens():
    before = sealed(OLD)

    assert SECRET == opened(before, NEW, OLD)
    assert sealed(NEW) == sealed(NEW, OLD)
    assert SECRET == opened(sealed(NEW, OLD), NEW)


def test_a_sealed_secret_cannot_be_put_in_another_s_place():
    with pytest.raises(Unavailable, match="was changed"):
        opened(sealed(NEW), NEW, purpose="webhook endpoint eve/we_1")


@pytest.mark.parametrize("place", [9, 20, -2])
def test_a_changed_byte_is_seen(place):
    text = sealed(NEW)
    letter = "A" if text[place] != "A" else "B"

    with pytest.raises(Unavailable):
        opened(text[:place] + letter + text[place:][1:], NEW)


@pytest.mark.parametrize("text", ["", "x", "x.", "....", "x.not base64"])
def test_what_was_never_sealed_is_refused_by_name(text):
    for key in (NEW, OTHER):
        with pytest.raises(Unavailable):
            opened(text, key)
    with pytest.raises(Unavailable, match="was changed"):
        opened(sealed(NEW).partition(".")[0] + "." + text, NEW)


def test_without_a_key_nothing_is_sealed():
    assert (False, True) == (Sealer([]).can_seal, Sealer([NEW]).can_seal)
    with pytest.raises(Unavailable, match="WEBHOOK_KEY is not set"):
        sealed()
