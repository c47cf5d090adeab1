"""Signatures on callbacks, held against the shared vector and another implementation."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from shared.core.signing import PrivateKey, key_set, secret_key, sign

# The vector that the libraries of Standard Webhooks share.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_the_shared_vector_is_signed_to_the_byte():
    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == sign(SECRET, ID, AT, BODY)


def test_another_implementation_verifies_what_we_sign():
    now = datetime.now(UTC)
    body = '{"prompt": "ein Fuchs \N{FOX FACE}"}'.encode()

    assert json.loads(body) == Webhook(SECRET).verify(body, headers(now, sign(SECRET, ID, now, body)))


@pytest.mark.parametrize("body", [b'{"test": 2432232315}', b'{"test":2432232314}', BODY + b" "])
def test_a_changed_body_is_not_verified(body):
    now = datetime.now(UTC)

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers(now, sign(SECRET, ID, now, BODY)))


def test_a_second_is_signed_whole():
    assert sign(SECRET, ID, AT, BODY) == sign(SECRET, ID, AT.replace(microsecond=999_999), BODY)


def test_id_time_body_and_secret_all_change_the_signature():
    other = "whsec_" + base64.b64encode(b"k" * 24).decode()
    signatures = {
        sign(SECRET, ID, AT, BODY),
        sign(SECRET, ID + "x", AT, BODY),
        sign(SECRET, ID, AT.replace(second=59), BODY),
        sign(SECRET, ID, AT, b""),
        sign(other, ID, AT, BODY),
    }

    assert 5 == len(signatures)


@pytest.mark.parametrize("length", [24, 32, 33, 64])
def test_a_secret_of_24_to_64_bytes_is_taken(length):
    key = bytes(range(length))

    assert key == secret_key("whsec_" + base64.b64encode(key).decode())


BAD_SECRETS = [
    "",
    "whsec_",
    "whsec_" + base64.b64encode(b"k" * 23).decode(),
    "whsec_" + base64.b64encode(b"k" * 65).decode(),
    base64.b64encode(b"k" * 32).decode(),
    "whsk_" + base64.b64encode(b"k" * 32).decode(),
    SECRET + "\n",
    SECRET.replace("M", "*"),
    SECRET[:-1],
    SECRET + "\N{LATIN SMALL LETTER E WITH ACUTE}",
]


@pytest.mark.parametrize("secret", BAD_SECRETS, ids=ascii)
def test_a_bad_secret_is_told_the_rule_and_not_repeated(secret):
    with pytest.raises(ValueError) as caught:
        secret_key(secret)

    assert "a webhook secret is whsec_ and the base64 of 24 to 64 random bytes" == str(caught.value)


def headers(at: datetime, signature: str) -> dict[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


class TestPrivateKey:
    """Vectors: RFC 8032 section 7.1, test 1; RFC 8037 appendix A.3."""

    SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    TEXT = "whsk_" + base64.b64encode(SEED).decode()

    def test_its_public_half_is_that_of_the_rfc(self):
        assert {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "use": "sig",
            "alg": "EdDSA",
        } == PrivateKey.of(self.TEXT).jwk()

    def test_what_it_signs_is_verified_with_the_key_set(self):
        label, _, signature = PrivateKey.of(self.TEXT).sign(ID, AT, BODY).partition(",")
        [jwk] = key_set([PrivateKey.of(self.TEXT)])["keys"]
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
        signed = f"{ID}.{int(AT.timestamp())}.".encode() + BODY

        assert "v1a" == label
        public.verify(base64.b64decode(signature, validate=True), signed)
        with pytest.raises(InvalidSignature):
            public.verify(base64.b64decode(signature), signed + b" ")

    @pytest.mark.parametrize("text", ["", "whsk_", TEXT[5:], TEXT[:-4], TEXT.replace("whsk", "whsec"), "whsk_\xe4"])
    def test_a_wrong_one_is_told_the_rule_and_not_repeated(self, text):
        with pytest.raises(ValueError, match=r"^a signing key is whsk_ and the base64 of 32 random bytes$"):
            PrivateKey.of(text)
