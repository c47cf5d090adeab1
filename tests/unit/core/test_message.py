"""What a callback says, however long its caller's words are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core import message, signing
from shared.core.message import MAX_BODY, Message
from shared.core.signing import PrivateKey
from tests.unit.core.samples import NOON

SECRETS = [f"whsec_{letter * 32}" for letter in "ab"]
KEYS = [PrivateKey(bytes([n] * 32)) for n in (1, 2)]
SPACE = {"id": "video_1", "object": "video", "state": "completed"}


def written(**data):
    return message.text(event_id="evt_1", event_type="video.completed", at=NOON, data=SPACE | data)


def test_a_callback_is_an_event_of_openais_with_a_timestamp_of_standard_webhooks():
    assert {
        "id": "evt_1",
        "object": "event",
        "type": "video.completed",
        "created_at": int(NOON.timestamp()),
        "timestamp": "2026-01-02T12:00:00Z",
        "data": SPACE,
    } == json.loads(written())


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        ((100, 100, 100), {"metadata", "negative_prompt", "prompt"}),
        ((19_000, 2_000, 2_000), {"negative_prompt", "prompt"}),
        ((19_000, 8_000, 21_000), set()),
        ((10, 15_000, 15_000), {"prompt"}),
    ],
)
def test_what_makes_a_body_too_long_is_left_out_and_no_more(length, kept):
    metadata, negative, prompt = ("x" * each for each in length)
    data = json.loads(written(metadata={"a": metadata}, negative_prompt=negative, prompt=prompt))["data"]

    assert kept == set(data) - set(SPACE)


@settings(max_examples=50, deadline=None)
@given(
    prompt=st.text(max_size=2000),
    negative=st.text(max_size=2000),
    metadata=st.dictionaries(st.text(max_size=64), st.text(max_size=512), max_size=16),
)
def test_no_body_is_longer_than_standard_webhooks_wants(prompt, negative, metadata):
    body = written(prompt=prompt, negative_prompt=negative, metadata=metadata)

    assert len(body.encode(errors="surrogatepass")) <= MAX_BODY < 20 * 1024


def test_each_secret_signs_and_then_the_first_key_of_the_platform():
    told = Message(id="evt_1", type="video.failed", subject="video_1", created_at=NOON, body=b"{}")

    signed = message.signatures(told, SECRETS, KEYS, NOON).split(" ")

    by_secret = [signing.sign(secret, "evt_1", NOON, b"{}") for secret in SECRETS]
    assert [*by_secret, KEYS[0].sign("evt_1", NOON, b"{}")] == signed
    assert by_secret == message.signatures(told, SECRETS, [], NOON).split(" ")
