from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save

from functions.generate.fingerprint import fingerprint
from functions.generate.mochi import checkpoint
from functions.generate.mochi.checkpoint import State, Unusable, pack, unpack
from shared.core.request import VideoRequest

REQUEST = VideoRequest(
    model="mochi-1-tiny",
    prompt="a red cat on the sea",
    negative_prompt="",
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    seed=7,
    num_inference_steps=4,
    guidance_scale=4.5,
)
LATENTS = torch.arange(24, dtype=torch.float32).reshape(1, 2, 3, 4) / 7
PACKED = pack(State(3, LATENTS), REQUEST)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_packed_comes_back_bit_for_bit(dtype):
    latents = LATENTS.to(dtype)
    state = unpack(pack(State(3, latents), REQUEST), REQUEST, like=torch.zeros_like(latents))
    assert 3 == state.step
    assert dtype == state.latents.dtype
    assert torch.equal(latents, state.latents)


def test_the_same_state_gives_the_same_bytes():
    assert PACKED == pack(State(3, LATENTS.clone()), REQUEST)


def test_the_prompt_is_not_in_it():
    assert REQUEST.prompt.encode() not in PACKED


@settings(max_examples=400, deadline=None)
@given(where=st.integers(0, len(PACKED) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(where, bit):
    damaged = bytearray(PACKED)
    damaged[where] ^= 1 << bit
    with pytest.raises(Unusable):
        unpack(bytes(damaged), REQUEST, like=LATENTS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PACKED) - 1))
def test_no_cut_goes_unseen(length):
    with pytest.raises(Unusable):
        unpack(PACKED[:length], REQUEST, like=LATENTS)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_other_bytes_are_refused_not_crashed_on(data):
    with pytest.raises(Unusable):
        unpack(data, REQUEST, like=LATENTS)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"format": "flipbook-checkpoint/0"}, "of another format"),
        ({"model": "mochi-1-preview"}, "of another model"),
        ({"request": "0" * 64}, "of another request"),
        ({"step": 5}, "claims step 5 of 4"),
        ({"step": -1}, "claims step -1 of 4"),
        ({"step": "three"}, "cannot be read"),
    ],
)
def test_a_sound_checkpoint_that_does_not_fit_is_refused_with_the_reason(facts, reason):
    right = {"format": checkpoint.FORMAT, "model": REQUEST.model, "request": fingerprint(REQUEST), "step": 3}
    metadata = right | facts
    text = json.dumps(metadata | {"seal": checkpoint._seal(metadata, LATENTS)})
    data = save({"latents": LATENTS}, {checkpoint.KEY: text})
    with pytest.raises(Unusable, match=reason):
        unpack(data, REQUEST, like=LATENTS)


def test_a_safetensors_file_of_someone_else_is_refused():
    theirs = ({}, {checkpoint.KEY: "[1]"}, {checkpoint.KEY: "7"}, {checkpoint.KEY: "{}"})
    for data in (*(save({"latents": LATENTS}, facts) for facts in theirs), save({"weights": LATENTS})):
        assert load(data)
        with pytest.raises(Unusable, match="cannot be read"):
            unpack(data, REQUEST, like=LATENTS)


@pytest.mark.parametrize("like", [LATENTS.to(torch.bfloat16), LATENTS[:, :1]])
def test_latents_of_another_shape_or_type_are_refused(like):
    with pytest.raises(Unusable, match="it holds"):
        unpack(PACKED, REQUEST, like=like)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(VideoRequest)])
def test_every_field_counts_in_the_fingerprint(field):
    value = getattr(REQUEST, field)
    other = value + 1 if isinstance(value, int | float) else value + "x"
    assert fingerprint(REQUEST) != fingerprint(dataclasses.replace(REQUEST, **{field: other}))
