"""The engine against diffusers' own pipeline, on the CPU, down to the last bit."""

from __future__ import annotations

import dataclasses
import itertools
import weakref

import numpy as np
import pytest
import torch
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline
from safetensors.torch import load_file, save_file

from functions.generate.mochi import tiny
from functions.generate.mochi.drawing import MochiDrawing
from functions.generate.mochi.memory import room
from functions.generate.mochi.pipeline import modules_of
from shared.core.errors import DrawingFailed, OutOfMemory
from tests.integration.mochi_drawings import REQUEST, draw, engine_in

# The stock pipeline says it; the engine must not (test_mochi_models.py).
pytestmark = pytest.mark.filterwarnings("ignore:In CPU autocast, but the target dtype is not supported")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def engine(weights):
    engine = engine_in(weights)
    engine.setup()
    return engine


@pytest.fixture(scope="module")
def reference(engine, weights):
    """Stock: from_pretrained and one call.

    torch.matmul folds a strided input where the weight wants a gradient, even when none is kept, and
    then adds in another order. The engine's weights want none.
    """
    pipe = MochiPipeline.from_pretrained(weights / "mochi-1-tiny", dtype=torch.float32, local_files_only=True)
    for module in (pipe.text_encoder, pipe.transformer, pipe.vae):
        module.requires_grad_(False)
    return pipe


def stock(pipe, request):
    return (stock_output(pipe, request, "np") * 255).round().astype(np.uint8)


def stock_output(pipe, request, output_type):
    pipe.set_progress_bar_config(disable=True)
    return pipe(
        request.prompt,
        negative_prompt=request.negative_prompt,
        height=request.height,
        width=request.width,
        num_frames=request.num_frames,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        output_type=output_type,
    ).frames[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"guidance_scale": 1.0},
        {"negative_prompt": "blurry", "num_inference_steps": 5, "seed": 2**32 - 1},
        {"num_frames": 7, "width": 64, "num_inference_steps": 2},
        {"num_frames": 19, "width": 48, "height": 112, "num_inference_steps": 3, "negative_prompt": "fog"},
        {"num_frames": 7, "width": 272, "height": 64, "num_inference_steps": 2, "guidance_scale": 1.0},
        {"prompt": "", "num_frames": 7, "num_inference_steps": 2},
        {"prompt": "x" * 2000, "num_inference_steps": 2, "num_frames": 7},
    ],
    ids=[
        *("plain", "unguided", "negative", "small", "upright", "unguided and wider than a tile"),
        *("no words", "longer than the text encoder reads"),
    ],
)
def test_it_draws_what_the_stock_pipeline_draws_bit_for_bit(engine, reference, changes):
    request = dataclasses.replace(REQUEST, **changes)
    frames = draw(engine, request)
    assert frames.shape == (request.num_frames, request.height, request.width, 3)
    assert np.array_equal(stock(reference, request), frames)


def test_a_resumed_drawing_equals_the_uninterrupted_one_at_every_step(engine, weights):
    whole = draw(engine, REQUEST)
    other = engine_in(weights)
    other.setup()
    drawing = engine.begin(REQUEST)
    for step in range(drawing.total_steps + 1):
        checkpoint = drawing.checkpoint()
        resumed = other.begin(REQUEST, checkpoint)
        assert step == resumed.step
        assert np.array_equal(whole, draw(other, REQUEST, checkpoint))
        if step < drawing.total_steps:
            drawing.advance()


def test_every_part_of_a_request_that_can_change_the_picture_does(engine):
    changes = [
        {},
        {"prompt": "a red dog on the sea"},
        {"prompt": "一只猫"},
        {"prompt": "一只狗"},
        {"negative_prompt": "blurry"},
        {"seed": 8},
        {"num_inference_steps": 3},
        {"guidance_scale": 3.0},
    ]
    videos = [draw(engine, dataclasses.replace(REQUEST, **change)) for change in changes]
    for (a, video), (b, other) in itertools.combinations(zip(changes, videos, strict=True), 2):
        assert not np.array_equal(video, other), (a, b)


def test_two_drawings_at_once_do_not_disturb_each_other(engine):
    alone = draw(engine, REQUEST)
    one, two = engine.begin(REQUEST), engine.begin(dataclasses.replace(REQUEST, seed=8))
    for _ in range(4):
        one.advance()
        two.advance()
    assert np.array_equal(alone, np.concatenate(list(one.decode())))


@pytest.mark.parametrize(
    "changes", [{"prompt": "another"}, {"seed": 8}, {"num_inference_steps": 5}, {"width": 64}, {"num_frames": 7}]
)
def test_a_checkpoint_of_another_request_is_not_used(engine, caplog, changes):
    drawing = engine.begin(dataclasses.replace(REQUEST, **changes))
    drawing.advance()
    fresh = engine.begin(REQUEST, drawing.checkpoint())
    assert 0 == fresh.step
    assert "the checkpoint is of no use: it is of another request" in caplog.text


@pytest.fixture
def half(weights, engine):
    """The pipeline as an accelerator holds it."""
    return MochiPipeline.from_pretrained(weights / "mochi-1-tiny", dtype=torch.bfloat16, local_files_only=True)


def test_in_bfloat16_the_latents_equal_the_stock_pipelines_bit_for_bit_also_when_resumed(half):
    """Not the pictures: on a CPU the decoder takes minutes in bfloat16."""
    expected = stock_output(half, REQUEST, "latent")
    modules = modules_of(half)
    drawing = MochiDrawing(modules, REQUEST)
    drawing.advance()
    drawing.advance()
    resumed = MochiDrawing(modules, REQUEST, drawing.checkpoint())
    assert 2 == resumed.step
    for one in (drawing, resumed):
        one.advance()
        one.advance()
        assert torch.bfloat16 == one._state.latents.dtype
        assert torch.equal(expected, one._state.latents[0])


def test_a_checkpoint_of_another_type_of_number_is_not_used(engine, half, caplog):
    drawing = engine.begin(REQUEST)
    drawing.advance()
    modules = dataclasses.replace(modules_of(half), weights=engine._modules.weights)
    assert 0 == MochiDrawing(modules, REQUEST, drawing.checkpoint()).step
    assert "it holds torch.float32" in caplog.text


def test_a_damaged_checkpoint_is_not_used(engine, caplog):
    drawing = engine.begin(REQUEST)
    drawing.advance()
    damaged = bytearray(drawing.checkpoint())
    damaged[-1] ^= 1
    assert 0 == engine.begin(REQUEST, bytes(damaged)).step
    assert "its seal is broken" in caplog.text


def test_latents_that_are_not_finite_fail_the_drawing_and_the_next_one_is_well(engine):
    whole = draw(engine, REQUEST)
    drawing = engine.begin(REQUEST)
    drawing.advance()

    def poison(module, args, output):
        return (output[0] * float("nan"),)

    hook = engine._modules.transformer.register_forward_hook(poison)
    with pytest.raises(DrawingFailed, match="step 2 of 4 left numbers that are not finite") as caught:
        drawing.advance()
    hook.remove()
    assert "quality_check_failed" == caught.value.code
    assert np.array_equal(whole, draw(engine, REQUEST))


def test_a_device_out_of_memory_is_temporary_and_the_drawing_can_go_on(engine):
    whole = draw(engine, REQUEST)
    drawing = engine.begin(REQUEST)
    drawing.advance()

    def no_room(module, args):
        activation = torch.zeros(1)
        held.append(weakref.ref(activation))
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 90.00 GiB.\nmore words")

    held = []
    for part in (engine._modules.transformer, engine._modules.vae.decoder.conv_in, engine._modules.text_encoder):
        hook = part.register_forward_pre_hook(no_room)
        with pytest.raises(OutOfMemory, match=r"^CUDA out of memory. Tried to allocate 90.00 GiB.$") as caught:
            draw(engine, REQUEST, drawing.checkpoint())
        hook.remove()
        # The error is still alive, what filled the memory is not.
        assert "out_of_memory" == caught.value.code
        assert held.pop()() is None
    assert np.array_equal(whole, draw(engine, REQUEST, drawing.checkpoint()))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        MemoryError(),
    ],
    ids=str,
)
def test_a_device_is_out_of_memory_whoever_says_so(error):
    with pytest.raises(OutOfMemory), room():
        raise error


def test_a_cpu_that_has_no_room_is_out_of_memory():
    with pytest.raises(OutOfMemory, match="can't allocate memory"), room():
        torch.empty(2**60, dtype=torch.uint8)


def test_what_is_no_want_of_memory_is_left_as_it_is():
    with pytest.raises(RuntimeError, match="an illegal memory access"), room():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def test_a_drawing_does_not_go_on_under_other_weights_of_the_same_name(engine, tmp_path, caplog):
    tiny.ensure(tmp_path)
    file = next((tmp_path / tiny.NAME / "transformer").glob("*.safetensors"))
    save_file({name: 1.5 * tensor for name, tensor in load_file(file).items()}, file)
    other = engine_in(tmp_path)
    other.setup()
    drawing = engine.begin(REQUEST)
    drawing.advance()

    assert 1 == engine.begin(REQUEST, drawing.checkpoint()).step
    assert 0 == other.begin(REQUEST, drawing.checkpoint()).step
    assert "it is of another weights" in caplog.text


def test_weights_that_are_built_twice_are_the_same_weights(engine, tmp_path):
    """Each pod builds the tiny model for itself, and goes on where another one was."""
    again = engine_in(tmp_path)
    again.setup()
    drawing = engine.begin(REQUEST)
    drawing.advance()
    assert 1 == again.begin(REQUEST, drawing.checkpoint()).step
