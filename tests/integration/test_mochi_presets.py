"""Each preset on the CPU: exact is stock (test_mochi_engine.py), turbo is near it and says so, fast needs its chip."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import shutil
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch._dynamo.utils import counters

from functions.generate.mochi import direct, fp8, pipeline, presets, tiny
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.drawing import MochiDrawing
from functions.generate.mochi.engine import MochiEngine
from functions.generate.mochi.pipeline import modules_of
from shared.core.errors import ModelUnavailable
from shared.settings import Settings
from tests.integration.mochi_drawings import REQUEST, draw, engine_in

CPU = torch.device("cpu")
STEPS = 16
EXACT = dataclasses.replace(REQUEST, num_inference_steps=STEPS)
TURBO = dataclasses.replace(EXACT, preset="turbo")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def engine(weights):
    engine = engine_in(weights)
    engine.setup()
    return engine


def drawn(engine, request):
    drawing = engine.begin(request)
    while drawing.step < drawing.total_steps:
        drawing.advance()
    return drawing


def counted(engine, request):
    """How often the transformer runs in a drawing."""
    calls = []
    hook = engine._modules.transformer.register_forward_hook(lambda *_: calls.append(1))
    drawn(engine, request)
    hook.remove()
    return len(calls)


def distance(one, other):
    return float((one - other).norm() / other.norm())


def test_turbo_asks_the_model_in_half_of_the_steps(engine):
    assert (STEPS, 9) == (counted(engine, EXACT), counted(engine, TURBO))


def test_turbo_is_another_picture_but_nearer_than_half_as_many_steps(engine):
    """Taking an answer again must be worth more than leaving steps out. On trained weights nobody measured it."""
    exact, turbo, fewer = (
        drawn(engine, request)._state.latents
        for request in (EXACT, TURBO, dataclasses.replace(EXACT, num_inference_steps=9))
    )

    assert 0 < distance(turbo, exact) < distance(fewer, exact)
    assert distance(turbo, exact) < 0.25


def test_turbo_resumed_after_any_step_is_turbo_undisturbed(engine):
    whole = draw(engine, TURBO)
    drawing = engine.begin(TURBO)
    for step in range(STEPS + 1):
        checkpoint = drawing.checkpoint()
        resumed = engine.begin(TURBO, checkpoint)
        assert (step, "turbo") == (resumed.step, resumed.preset)
        if step % 5 == 0:
            assert np.array_equal(whole, draw(engine, TURBO, checkpoint))
        if step < STEPS:
            drawing.advance()


@pytest.mark.parametrize(("before", "after"), [(EXACT, TURBO), (TURBO, EXACT)])
def test_no_checkpoint_crosses_from_one_preset_to_another(engine, before, after):
    drawing = engine.begin(before)
    drawing.advance()
    assert 0 == engine.begin(after, drawing.checkpoint()).step


def test_exact_and_turbo_share_their_weights(engine):
    drawn(engine, EXACT)
    drawn(engine, TURBO)
    exact, turbo = (engine._for(preset) for preset in ("exact", "turbo"))
    assert exact.transformer is turbo.transformer


def test_a_preset_that_is_not_offered_is_not_drawn_as_another(engine):
    with pytest.raises(ModelUnavailable, match="fast is not among the presets offered here: exact, turbo"):
        engine.begin(dataclasses.replace(REQUEST, preset="fast"))


def test_an_engine_that_cannot_give_what_is_offered_does_not_start(weights):
    engine = engine_in(weights, presets="exact fast")
    with pytest.raises(ModelUnavailable, match="PRESETS offers fast, which needs a GPU that multiplies 8-bit floats"):
        engine.setup()


def test_blocks_are_compiled_whole_and_once_for_prompts_of_any_length(weights):
    """The graphs are torch's, their kernels here eager ones: a break or another compilation would show all the same."""
    engine = engine_in(weights)
    engine.setup()
    expected = [drawn(engine, dataclasses.replace(REQUEST, prompt=words))._state.latents for words in ("a cat", "x")]
    torch._dynamo.reset()
    counters.clear()
    presets.compile_blocks(engine._modules.transformer, fullgraph=True, backend="eager")

    found = [drawn(engine, dataclasses.replace(REQUEST, prompt=words))._state.latents for words in ("a cat", "x")]

    assert all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
    # The last block has no use for words, so it is another graph.
    assert (2, {}) == (counters["stats"]["unique_graphs"], dict(counters["graph_break"]))


def test_no_mixture_of_presets_guidance_and_sizes_ends_the_compiling(weights, tmp_path, monkeypatch):
    """Torch compiles eight graphs and no more: with `exact` and `fast` the next ones were left as they are, in silence.

    Each drawing may be another thread's, and torch keeps its limit for each.
    """
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))  # what sizes were met is kept there
    tiny.ensure(weights)
    transformer = direct.transformer(weights / tiny.NAME / "transformer", CPU, torch.bfloat16)
    attention = attend_with(transformer)
    models = (transformer, fp8.twin(transformer, attention))
    torch._dynamo.reset()
    counters.clear()
    for model in models:
        presets.compile_blocks(model, fullgraph=True, backend="eager")

    def drawing(model, rows):
        presets.tune_compiler()
        attention.lengths = torch.arange(rows)
        for size in ((3, 8, 12), (6, 8, 12), (9, 12, 12)):
            asked(model, rows, size)

    for model, rows in itertools.product(models, (2, 1)):
        with ThreadPoolExecutor(1) as thread:
            thread.submit(drawing, model, rows).result()

    # Two kinds of blocks in two precisions, with guidance and without; the first size of all has a graph of its own.
    assert (10, {}) == (counters["stats"]["unique_graphs"], dict(counters["unimplemented"]))


def test_an_engine_that_compiles_tells_the_thread_that_draws(weights):
    engine = engine_in(weights)
    engine.setup()
    engine._settings = dataclasses.replace(engine._settings, compiled=True)

    def told():
        engine.begin(REQUEST)
        return torch._dynamo.config.recompile_limit, torch.compiler.config.job_id

    with ThreadPoolExecutor(1) as thread:
        assert (presets.GRAPHS, "flipbook") == thread.submit(told).result()


def test_a_compiled_model_leaves_its_memory_to_the_next_one(tmp_path):
    """Its blocks refer to themselves, and a process looks no more at what it made at its start."""
    tiny.ensure(tmp_path)
    shutil.copytree(tmp_path / tiny.NAME, tmp_path / "mochi-1-preview")
    engine = engine_in(tmp_path, models="mochi-1-tiny mochi-1-preview")
    engine.setup()
    presets.compile_blocks(engine._modules.transformer, backend="eager")
    block = weakref.ref(engine._modules.transformer.transformer_blocks[0])
    gc.freeze()

    engine.begin(dataclasses.replace(REQUEST, model="mochi-1-preview"))

    assert block() is None


def asked(model, rows, size):
    with torch.inference_mode():
        model(
            hidden_states=torch.randn((rows, 12, *size), dtype=torch.bfloat16),
            encoder_hidden_states=torch.randn((rows, 256, 32), dtype=torch.bfloat16),
            timestep=torch.full((rows,), 500.0, dtype=torch.bfloat16),
            encoder_attention_mask=torch.ones((rows, 256), dtype=torch.bool),
        )


def test_compiling_where_it_cannot_work_is_refused_at_the_start(weights):
    variables = {"WEIGHTS_DIR": str(weights), "COMPILE": "true"}
    with pytest.raises(ModelUnavailable, match="COMPILE=true needs a GPU and a C compiler"):
        MochiEngine(Settings.from_env(variables), device="cpu").setup()


@pytest.mark.parametrize("length", [0, 1, 7])
def test_the_processor_counts_words_from_the_prompt_and_equals_diffusers(length):
    """Bit for bit, in one layer, for each number of words, also none."""
    pipe = tiny.build()
    generator = torch.Generator().manual_seed(1)
    hidden = torch.randn((1, 12, 2, 4, 6), generator=generator)
    text = torch.randn((1, 256, 32), generator=generator)
    mask = torch.zeros((1, 256), dtype=torch.bool)
    mask[:, :length] = True

    def velocity():
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "In CPU autocast")  # see denoising.py
            return pipe.transformer(
                hidden_states=hidden,
                encoder_hidden_states=text,
                timestep=torch.tensor([500.0]),
                encoder_attention_mask=mask,
                return_dict=False,
            )[0]

    stock = velocity()
    attend_with(pipe.transformer).lengths = mask.sum(dim=-1)
    assert torch.equal(stock, velocity())


def test_the_lengths_of_a_drawing_do_not_leak_into_another(engine):
    other = dataclasses.replace(REQUEST, prompt="a", negative_prompt="a very long and different text", seed=9)
    alone = draw(engine, REQUEST)
    one, two = engine.begin(REQUEST), engine.begin(other)
    for _ in range(4):
        two.advance()
        one.advance()
    assert np.array_equal(alone, np.concatenate(list(one.decode())))


def test_a_model_whose_tokenizer_pads_on_the_left_is_refused():
    pipe = tiny.build()
    pipe.tokenizer.padding_side = "left"
    with pytest.raises(ModelUnavailable, match="must pad on the right"):
        modules_of(pipe)


class TestFast:
    """Its arithmetic runs on a CPU too, slowly; the gate in presets.check keeps it from being offered there."""

    @pytest.mark.parametrize("shape", [(5, 64), (2, 7, 64)])
    def test_a_layer_is_near_the_one_that_it_stands_for(self, shape):
        torch.manual_seed(3)
        layer = torch.nn.Linear(64, 48, dtype=torch.bfloat16).requires_grad_(False)
        hidden = torch.randn(shape, dtype=torch.bfloat16)
        expected, found = layer(hidden), fp8.Fp8Linear(layer)(hidden)
        assert (expected.shape, expected.dtype) == (found.shape, found.dtype)
        # Two factors with 3 bits behind the point, each rounded by 1/16 at most, 2^-5 on average.
        assert 0.001 < distance(found.float(), expected.float()) < 0.05

    def test_each_row_has_its_own_scale_so_a_loud_one_does_not_drown_a_quiet_one(self):
        rows = torch.stack([torch.linspace(-1e-4, 1e-4, 64), torch.linspace(-1e4, 1e4, 64), torch.zeros(64)])
        small, scale = fp8.rounded(rows)
        back = small.float() * scale
        assert all(distance(found, row) < 0.05 for found, row in zip(back[:2], rows[:2], strict=True))
        assert not back[2].any()

    def test_the_twin_differs_only_in_the_layers_that_pictures_pass(self, engine, weights):
        transformer = direct.transformer(weights / tiny.NAME / "transformer", CPU, torch.bfloat16)
        attention = attend_with(transformer)
        twin = fp8.twin(transformer, attention)
        replaced = {name for name, module in twin.named_modules() if isinstance(module, fp8.Fp8Linear)}
        wanted = ("attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "ff.net.0.proj", "ff.net.2")
        assert {f"transformer_blocks.{n}.{name}" for n in range(3) for name in wanted} == replaced
        theirs = dict(transformer.named_parameters())
        for name, parameter in twin.named_parameters():
            assert theirs[name] is parameter
        assert all(not isinstance(module, fp8.Fp8Linear) for module in transformer.modules())
        assert all(block.attn1.processor is attention for block in twin.transformer_blocks)

    def test_its_drawing_is_near_the_exact_one_and_under_its_own_name(self, engine, weights):
        modules = pipeline.load(weights / tiny.NAME, CPU)
        modules.transformer.to(torch.bfloat16)
        modules.text_encoder.to(torch.bfloat16)
        twin = dataclasses.replace(modules, preset="fast", transformer=fp8.twin(modules.transformer, modules.attention))
        exact = MochiDrawing(modules, REQUEST)
        fast = MochiDrawing(twin, dataclasses.replace(REQUEST, preset="fast"))
        for drawing in (exact, fast):
            while drawing.step < drawing.total_steps:
                drawing.advance()
        assert 0 < distance(fast._state.latents.float(), exact._state.latents.float()) < 0.2
        assert "fast" == fast.preset
