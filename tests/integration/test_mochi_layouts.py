"""The decoder with its channels last, and what stands between its convolutions compiled: the same but for last bits."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
import torch
from diffusers.models import AutoencoderKLMochi
from torch._dynamo.utils import counters

from functions.generate.mochi import causal, tiny
from functions.generate.mochi.causal import CausalDecoder
from functions.generate.mochi.drawing import MochiDrawing
from functions.generate.mochi.pipeline import modules_of
from shared.core.errors import ModelUnavailable
from tests.integration.mochi_drawings import REQUEST

LAST, CONTIGUOUS = torch.channels_last_3d, torch.contiguous_format
COMPILER = "inductor" if shutil.which("g++") else "aot_eager"
LAYOUTS = pytest.mark.parametrize("layout", [CONTIGUOUS, LAST], ids=str)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def latents():
    """Of two videos, for of one so small torch's CPU takes a convolution that knows the contiguous layout alone."""
    return torch.randn((2, 12, 5, 4, 6), generator=torch.Generator().manual_seed(3))


def vae_in(layout):
    return tiny.build().vae.to(memory_format=layout)


def decoded(vae, latents, between=causal.between):
    """In three pieces: the first, another, and a shorter last one."""
    decoder = CausalDecoder(vae.decoder, between)
    return torch.cat([decoder(piece) for piece in latents.split(2, dim=2)], dim=2)


def distance(one, other):
    return float((one - other).norm() / other.norm())


def test_with_its_channels_last_it_decodes_the_same_but_for_the_last_bits(latents):
    assert distance(decoded(vae_in(LAST), latents), decoded(vae_in(CONTIGUOUS), latents)) < 1e-5


@LAYOUTS
def test_no_tensor_between_its_layers_is_in_another_layout_than_the_weights(latents, layout):
    """But for the first convolution's, of one pixel to one pixel. Linear layers see the channels last in any case."""
    vae, seen = vae_in(layout), []
    for module in vae.decoder.modules():
        if isinstance(module, torch.nn.Conv3d) and module is not vae.decoder.conv_in:
            module.register_forward_hook(lambda _, args, out: seen.extend([args[0], out]))
        if isinstance(module, torch.nn.Linear) and layout is LAST:
            module.register_forward_hook(lambda _, args, out: seen.extend(each.movedim(-1, 1) for each in (*args, out)))

    def watched(hidden, before, *rest, **how):
        whole, tail = causal.between(hidden, before, *rest, **how)
        seen.extend(each for each in (hidden, before, whole, tail) if each is not None)
        return whole, tail

    decoded(vae, latents, watched)

    assert len(seen) > 100
    assert all(each.is_contiguous(memory_format=layout) for each in seen)


def test_layouts_can_be_changed_and_changed_back(latents):
    vae = vae_in(CONTIGUOUS)
    before = decoded(vae, latents)

    assert torch.equal(before, decoded(vae.to(memory_format=LAST).to(memory_format=CONTIGUOUS), latents))


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")  # Inductor's own import
@pytest.mark.parametrize(("layout", "backend"), [(CONTIGUOUS, "aot_eager"), (LAST, COMPILER)])
def test_compiled_it_decodes_the_same_but_for_the_last_bits(latents, layout, backend):
    vae, latents = vae_in(layout), latents[:, :, :4]
    expected = decoded(vae, latents)
    torch._dynamo.reset()
    counters.clear()

    found = decoded(vae, latents, causal.compiled(backend=backend))

    assert distance(found, expected) < 1e-5
    # The first piece and the next, at four sizes: no layer has code of its own.
    assert (8, {}) == (counters["stats"]["unique_graphs"], dict(counters["graph_break"]))


def test_a_drawing_decodes_in_the_way_that_its_modules_name():
    modules, calls = modules_of(tiny.build()), []

    def counted(*args, **how):
        calls.append(1)
        return causal.between(*args, **how)

    list(MochiDrawing(dataclasses.replace(modules, between=counted), REQUEST).decode())

    convolutions = [each for each in modules.vae.decoder.modules() if isinstance(each, torch.nn.Conv3d)]
    assert len(convolutions) - 1 == len(calls)


def test_a_decoder_that_bends_its_numbers_otherwise_is_refused():
    pipe = tiny.build()
    pipe.vae = AutoencoderKLMochi(
        encoder_block_out_channels=(32,) * 4,
        decoder_block_out_channels=(32,) * 4,
        layers_per_block=(1,) * 5,
        act_fn="gelu",
    )

    with pytest.raises(ModelUnavailable, match="the VAE's decoder has GELU, and Mochi's has SiLU"):
        modules_of(pipe)
