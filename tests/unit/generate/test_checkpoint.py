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
from functions.generate.mochi.checkpoint import Identity, State, Unusable, pack, unpack
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
SIGMAS = torch.tensor([0.0, 0.0125, 0.025, 0.3, 1.0])
IDENTITY = Identity(REQUEST, "exact", SIGMAS)
PACKED = pack(State(3, LATENTS), IDENTITY)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_packed_comes_back_bit_for_bit(dtype):
    latents = LATENTS.to(dtype)
    state = unpack(pack(State(3, latents), IDENTITY), IDENTITY, like=torch.zeros_like(latents))
    assert 3 == state.step
    assert dtype == state.latents.dtype
    assert torch.equal(latents, state.latents)


def test_the_same_state_gives_the_same_bytes():
    assert PACKED == pack(State(3, LATENTS.clone()), IDENTITY)


def test_the_prompt_is_not_in_it():
    assert REQUEST.prompt.encode() not in PACKED


@settings(max_examples=400, deadline=None)
@given(where=st.integers(0, len(PACKED) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(where, bit):
    damaged = bytearray(PACKED)
    damaged[where] ^= 1 << bit
    with pytest.raises(Unusable):
        unpack(bytes(damaged), IDENTITY, like=LATENTS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PACKED) - 1))
def test_no_cut_goes_unseen(length):
    with pytest.raises(Unusable):
        unpack(PACKED[:length], IDENTITY, like=LATENTS)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_other_bytes_are_refused_not_crashed_on(data):
    with pytest.raises(Unusable):
        unpack(data, IDENTITY, like=LATENTS)


def sealed(facts, **tensors):
    """A file as `pack` writes it, of any facts."""
    text = json.dumps(facts | {"seal": checkpoint._seal(facts, LATENTS)})
    return save({"latents": LATENTS} | tensors, {checkpoint.KEY: text})


FIRST = {"format": checkpoint.FORMAT, "model": REQUEST.model, "request": fingerprint(REQUEST), "step": 3}
"""All that the first checkpoints told."""


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"format": "flipbook-checkpoint/0"}, "of another format"),
        ({"model": "mochi-1-preview"}, "of another model"),
        ({"request": "0" * 64}, "of another request"),
        ({"preset": "fast"}, "of another preset"),
        ({"preset": None}, "of another preset"),
        ({"seed": 8}, "of another seed"),
        ({"step": 5}, "claims step 5 of 4"),
        ({"step": -1}, "claims step -1 of 4"),
        ({"step": "three"}, "cannot be read"),
        ({"step": float("inf")}, "cannot be read"),
        ({"weights": "0" * 64}, "of another weights"),
    ],
)
def test_a_sound_checkpoint_that_does_not_fit_is_refused_with_the_reason(facts, reason):
    with pytest.raises(Unusable, match=reason):
        unpack(sealed(IDENTITY.facts | {"step": 3} | facts, sigmas=SIGMAS), IDENTITY, like=LATENTS)


@pytest.mark.parametrize(
    "identity",
    [
        dataclasses.replace(IDENTITY, preset="fast"),
        dataclasses.replace(IDENTITY, sigmas=SIGMAS.sqrt()),
        dataclasses.replace(IDENTITY, request=dataclasses.replace(REQUEST, seed=8)),
        dataclasses.replace(IDENTITY, weights="of another training"),
    ],
)
def test_neither_another_preset_schedule_seed_nor_other_weights_go_on_from_it(identity):
    with pytest.raises(Unusable, match="it is of another "):
        unpack(PACKED, identity, like=LATENTS)


@pytest.mark.parametrize("sigmas", [{}, {"sigmas": SIGMAS.flip(0)}, {"sigmas": SIGMAS.view(torch.int32)}])
def test_sigmas_other_than_those_that_the_facts_name_break_the_seal(sigmas):
    with pytest.raises(Unusable, match="its seal is broken"):
        unpack(sealed(IDENTITY.facts | {"step": 3}, **sigmas), IDENTITY, like=LATENTS)


def test_a_checkpoint_of_the_first_version_is_gone_on_from():
    assert 3 == unpack(sealed(FIRST), IDENTITY, like=LATENTS).step
    with pytest.raises(Unusable, match="of another preset"):
        unpack(sealed(FIRST), dataclasses.replace(IDENTITY, preset="fast"), like=LATENTS)


def test_the_first_version_goes_on_from_ours():
    """It looks at the facts that it knows, and at the seal, which covers those too that it does not."""
    facts = checkpoint._metadata(PACKED)
    seal = facts.pop("seal")

    assert seal == checkpoint._seal(facts, load(PACKED)["latents"])
    assert FIRST == {name: facts[name] for name in FIRST}


def test_metadata_that_nobody_can_read_to_its_end_is_refused():
    text = "[" * 100_000
    with pytest.raises(Unusable, match="cannot be read"):
        unpack(save({"latents": LATENTS}, {checkpoint.KEY: text}), IDENTITY, like=LATENTS)


def test_a_safetensors_file_of_someone_else_is_refused():
    theirs = ({}, {checkpoint.KEY: "[1]"}, {checkpoint.KEY: "7"}, {checkpoint.KEY: "{}"})
    for data in (*(save({"latents": LATENTS}, facts) for facts in theirs), save({"weights": LATENTS})):
        assert load(data)
        with pytest.raises(Unusable, match="cannot be read"):
            unpack(data, IDENTITY, like=LATENTS)


@pytest.mark.parametrize("like", [LATENTS.to(torch.bfloat16), LATENTS[:, :1]])
def test_latents_of_another_shape_or_type_are_refused(like):
    with pytest.raises(Unusable, match="it holds"):
        unpack(PACKED, IDENTITY, like=like)


TURBO = dataclasses.replace(IDENTITY, preset="turbo", request=dataclasses.replace(REQUEST, preset="turbo"))
VELOCITY = LATENTS.flip(0) * 3


def test_the_velocity_that_the_next_step_takes_again_comes_back_bit_for_bit():
    state = unpack(pack(State(1, LATENTS, VELOCITY), TURBO), TURBO, like=LATENTS)
    assert torch.equal(VELOCITY, state.velocity)


@pytest.mark.parametrize("velocity", [None, VELOCITY[:, :1]])
def test_turbo_does_not_go_on_without_the_velocity_that_it_needs(velocity):
    with pytest.raises(Unusable, match="does not hold the velocity"):
        unpack(pack(State(1, LATENTS, velocity), TURBO), TURBO, like=LATENTS)


def test_a_changed_velocity_is_seen():
    data = pack(State(1, LATENTS, VELOCITY), TURBO)
    mine = VELOCITY.clone()
    mine[0, 0, 0, 0] += 1
    changed = save(
        {"latents": LATENTS, "sigmas": SIGMAS, "velocity": mine},
        {checkpoint.KEY: json.dumps(checkpoint._metadata(data))},
    )
    with pytest.raises(Unusable, match="does not hold the velocity"):
        unpack(changed, TURBO, like=LATENTS)


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(VideoRequest)])
def test_every_field_counts_in_the_fingerprint(field):
    value = getattr(REQUEST, field)
    other = value + 1 if isinstance(value, int | float) else value + "x"
    assert fingerprint(REQUEST) != fingerprint(dataclasses.replace(REQUEST, **{field: other}))
