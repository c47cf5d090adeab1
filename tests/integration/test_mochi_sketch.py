"""Previews from latents: the fit on a decoder that is linear, and the way of a sketch on one that is not.

How well it shows a picture cannot be tested here: that is a property of trained weights.
"""

from __future__ import annotations

import copy
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from functions.generate.mochi import tiny
from functions.generate.mochi.causal import CausalDecoder
from functions.generate.mochi.drawing import MochiDrawing
from functions.generate.mochi.pipeline import modules_of
from functions.generate.mochi.sketch import Sketcher
from tests.integration.mochi_drawings import REQUEST

LINEAR = torch.Generator().manual_seed(11)


@pytest.fixture
def linear():
    """A decoder of Mochi's shape without any layer that bends: each latent becomes six frames of 8x8 pixels."""
    nothing = SimpleNamespace(resnets=[])
    block = SimpleNamespace(resnets=[], proj=torch.nn.Linear(12, 5 * 6 * 64), temporal_expansion=6, spatial_expansion=8)
    decoder = SimpleNamespace(
        conv_in=torch.nn.Conv3d(12, 12, 1),
        block_in=nothing,
        up_blocks=[block],
        block_out=nothing,
        nonlinearity=torch.nn.Identity(),
        proj_out=torch.nn.Linear(5, 3),
    )
    parts = torch.nn.ModuleList([decoder.conv_in, block.proj, decoder.proj_out])
    config = SimpleNamespace(latents_mean=[0.1] * 12, latents_std=[0.9] * 12, scaling_factor=1.0, latent_channels=12)
    return SimpleNamespace(decoder=decoder, config=config, parameters=parts.parameters, spatial_compression_ratio=8)


def test_what_is_linear_is_found_exactly(linear):
    latents = torch.randn((1, 12, 3, 4, 5), generator=LINEAR)
    with torch.inference_mode():
        there = latents * 0.9 + 0.1
        frames = CausalDecoder(linear.decoder)(there)[0, :, 6:12]
    # The last of the six that a latent becomes, as in the fit; each 8x8 patch averaged.
    patches = frames[:, -1].unflatten(1, (4, 8)).unflatten(3, (5, 8)).mean(dim=(2, 4))
    expected = ((patches.movedim(0, -1) * 0.5 + 0.5).clamp(0, 1) * 255).round()

    picture = Sketcher(linear).picture(latents)

    assert ((4, 5, 3), np.uint8) == (picture.shape, picture.dtype)
    assert np.abs(picture.astype(int) - expected.numpy()).max() <= 1
    assert picture.std() > 1, "all of one colour proves nothing"


@pytest.fixture(scope="module")
def modules():
    return modules_of(tiny.build())


def test_the_fit_is_the_same_each_time(modules):
    weights = modules.sketcher.weights
    assert (13, 3) == weights.shape
    assert torch.isfinite(weights).all()
    assert torch.allclose(weights, Sketcher(modules.vae).weights, atol=1e-4)
    assert weights[:-1].abs().max() > 0.01


def test_a_drawing_can_be_sketched_after_each_step_and_is_not_changed_by_it(modules):
    plain, watched = MochiDrawing(modules, REQUEST), MochiDrawing(modules, REQUEST)
    assert watched.preview() is None
    for _ in range(REQUEST.num_inference_steps):
        plain.advance()
        watched.advance()
        assert (8, 12, 3) == watched.preview().shape
    assert torch.equal(plain._state.latents, watched._state.latents)


def test_the_last_sketch_is_of_the_finished_latents(modules):
    drawing = MochiDrawing(modules, REQUEST)
    for _ in range(REQUEST.num_inference_steps):
        drawing.advance()
    assert torch.allclose(drawing._state.latents, drawing._outlook, atol=1e-5)
    assert np.array_equal(modules.sketcher.picture(drawing._state.latents), drawing.preview())


def test_one_that_goes_on_from_a_checkpoint_has_no_sketch_before_its_first_step(modules):
    drawing = MochiDrawing(modules, REQUEST)
    drawing.advance()
    resumed = MochiDrawing(modules, REQUEST, drawing.checkpoint())
    assert resumed.preview() is None
    resumed.advance()
    drawing.advance()
    assert np.array_equal(drawing.preview(), resumed.preview())


def test_a_broken_decoder_has_no_sketch_and_the_drawing_says_itself_what_is_wrong(modules):
    """By least squares it would end in an error of torch's own, which nobody could tell from a bug."""
    broken = copy.deepcopy(modules.vae)
    torch.nn.init.constant_(broken.decoder.proj_out.bias, float("nan"))
    drawing = MochiDrawing(dataclasses.replace(modules, vae=broken, sketcher=Sketcher(broken)), REQUEST)
    drawing.advance()
    assert drawing.preview() is None
