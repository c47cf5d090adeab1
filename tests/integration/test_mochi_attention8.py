"""Attention in 8 bits: its arithmetic on the CPU, where the weights are not rounded, and cuDNN's where a GPU is."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch._dynamo.utils import counters

from functions.generate.mochi import attention, attention8, cudnn_attention, pipeline, presets, tiny
from functions.generate.mochi.drawing import MochiDrawing
from shared.core.errors import ModelUnavailable
from tests.integration.mochi_drawings import REQUEST, engine_in

CPU = torch.device("cpu")
LENGTHS, TOKENS = torch.tensor([1, 44]), 256
COUNTS = torch.arange(300) < (LENGTHS + TOKENS)[:, None]
"""What is held against the truth: words beyond the prompt's are nobody's."""

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


def numbers(seed=1, width=128):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn((2, 300, 2, width), generator=generator) for _ in range(3)]


def distance(found, truth):
    return float((found - truth)[COUNTS].norm() / truth[COUNTS].norm())


def off(query, key, value):
    """How far from attention in float32."""
    truth = attention.attend(query, key, value, LENGTHS, TOKENS)
    return distance(attention8.attend(query, key, value, LENGTHS, TOKENS), truth)


def test_it_is_near_the_attention_that_it_stands_for():
    # Four roundings by 2^-5 on average, of which an average over many takes most of the values'.
    assert 0.02 < off(*numbers()) < 0.07


def test_what_all_keys_have_in_common_costs_no_bits():
    query, key, value = numbers()
    common = 40 * torch.randn((1, 1, 2, 128), generator=torch.Generator().manual_seed(2))
    assert off(query, key + common, value) == pytest.approx(off(query, key, value), rel=0.1)


def test_what_all_values_have_in_common_comes_out_as_it_went_in():
    query, key, value = numbers()
    assert off(query, key, value + 100) < 1e-4


def test_a_loud_channel_of_the_values_does_not_drown_a_quiet_one():
    query, key, value = numbers()
    value[..., 0] *= 1e6
    quiet = [attend(query, key, value, LENGTHS, TOKENS) for attend in (attention8.attend, attention.attend)]
    assert distance(*(found.unflatten(2, (2, 128))[..., 1:].flatten(2) for found in quiet)) < 0.07


@pytest.mark.parametrize("which", range(3))
def test_nothing_but_zeros_is_no_division_by_zero(which):
    given = numbers()
    given[which].zero_()
    assert attention8.attend(*given, LENGTHS, TOKENS).isfinite().all()


def test_words_that_do_not_count_are_not_attended_to():
    """They may change the scale of the rounding, and nothing else."""
    query, key, value = numbers()
    truth = attention.attend(query, key, value, LENGTHS, TOKENS)
    for given in (query, key, value):
        given[0, TOKENS + 1 :] *= 3
    assert distance(attention8.attend(query, key, value, LENGTHS, TOKENS), truth) < 0.07


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    engine_in(folder).setup()
    modules = pipeline.load(folder / tiny.NAME, CPU)
    modules.transformer.to(torch.bfloat16)
    modules.text_encoder.to(torch.bfloat16)
    return modules


def latents(modules):
    drawing = MochiDrawing(modules, dataclasses.replace(REQUEST, preset=modules.preset))
    while drawing.step < drawing.total_steps:
        drawing.advance()
    return drawing._state.latents.float()


def test_a_drawing_with_it_is_near_the_exact_one_and_not_that_without_it(modules):
    exact = latents(modules)
    plain, eight = (latents(presets.prepared(modules, "fast", fp8_attention=each)) for each in (False, True))

    assert not torch.equal(plain, eight)
    assert 0 < float((eight - exact).norm() / exact.norm()) < 0.2


def test_exact_keeps_its_own_attention_beside_it(modules):
    presets.prepared(modules, "fast", fp8_attention=True)
    assert {modules.attention} == {block.attn1.processor for block in modules.transformer.transformer_blocks}


def test_blocks_with_it_are_compiled_whole_and_once_for_prompts_of_any_length(modules):
    fast = presets.prepared(modules, "fast", fp8_attention=True)
    torch._dynamo.reset()
    counters.clear()
    presets.compile_blocks(fast.transformer, fullgraph=True, backend="eager")
    for words in ("a cat", "x"):
        MochiDrawing(fast, dataclasses.replace(REQUEST, preset="fast", prompt=words)).advance()

    assert (2, {}) == (counters["stats"]["unique_graphs"], dict(counters["graph_break"]))


def test_the_check_at_the_start_passes_what_is_near_and_refuses_what_is_not():
    attention8.check(CPU)
    with pytest.raises(ModelUnavailable, match=r"attention in 8 bits is off by 0\.0\d+ on this GPU, and 0\.01 is"):
        attention8.check(CPU, worst=0.01)


@pytest.mark.gpu
@on_gpu
class TestOnAGpu:
    def test_the_check_at_the_start_passes(self):
        attention8.check(torch.device("cuda"))

    @pytest.mark.parametrize("places", [(9540, 9796), (256, 300)])
    def test_it_is_near_the_same_arithmetic_in_torch(self, places):
        tokens, whole = places
        generator = torch.Generator().manual_seed(3)
        given = [torch.randn((2, whole, 4, 128), generator=generator).cuda() for _ in range(3)]
        eight = [each.div(each.abs().amax() / 448).to(torch.float8_e4m3fn) for each in given]
        scale = torch.full((), 0.01, device="cuda")
        found = torch.ops.flipbook.attend_in_8_bits(*eight, scale, scale, LENGTHS, tokens).float()
        truth = attention8._attend(*eight, scale, scale, LENGTHS, tokens).float()
        for row, words in enumerate(LENGTHS.tolist()):
            one, other = found[row, : tokens + words], truth[row, : tokens + words]
            assert float((one - other).norm() / other.norm()) < 0.06
            assert not found[row, tokens + words :].any()

    def test_a_shape_that_cudnn_cannot_attend_to_is_said(self):
        with pytest.raises(ModelUnavailable, match="cuDNN has no attention in 8 bits"):
            cudnn_attention.planned(1, 64, 2, 24, handle=cudnn_attention._handle(0))
