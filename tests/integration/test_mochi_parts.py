"""Our text encoder, transformer and decoder against those of transformers and diffusers: the same bits, and no import."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import pytest
import torch
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline, linear_quadratic_schedule
from diffusers.schedulers import FlowMatchEulerDiscreteScheduler

from functions.generate.mochi import direct, schedule, t5, tiny, transformer, vae
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.causal import CausalDecoder
from functions.generate.mochi.reading import Unreadable
from functions.generate.mochi.words import Words
from shared.core.errors import ModelUnavailable

CPU = torch.device("cpu")
BOTH = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
TEXTS = ("", "a", "a red cat on the sea", "一只猫 in the rain", "x" * 3000, "  two  spaces\nand a line ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("weights")
    tiny.ensure(place)
    return place / tiny.NAME


@pytest.fixture(scope="module")
def pipes(folder):
    return {
        dtype: MochiPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True)
        for dtype in (torch.float32, torch.bfloat16)
    }


@pytest.fixture(autouse=True)
def no_gradients():
    """And without the warning that denoising.py speaks of."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In CPU autocast")
        yield


def unwanted(module):
    """torch.matmul folds otherwise where a weight wants a gradient, and the engine's want none."""
    return module.requires_grad_(False)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_becomes_the_numbers_that_transformers_makes_of_it(folder, pipes, text):
    theirs = pipes[torch.float32].tokenizer([text], padding="max_length", max_length=256, truncation=True)

    ids, mask = Words.of(folder / "tokenizer")(text)

    assert (theirs.input_ids, theirs.attention_mask) == (ids.tolist(), mask.long().tolist())


@BOTH
@pytest.mark.parametrize("text", [*TEXTS, None], ids=str)
def test_the_text_encoder_is_that_of_transformers(folder, pipes, dtype, text):
    """Also where no word counts at all, as Genmo has it for an empty prompt."""
    ids, mask = Words.of(folder / "tokenizer")(text or "")
    if text is None:
        ids, mask = torch.zeros_like(ids), torch.zeros_like(mask)

    expected = unwanted(pipes[dtype].text_encoder)(ids, attention_mask=mask)[0]

    assert torch.equal(expected, direct.text_encoder(folder / "text_encoder", CPU, dtype)(ids, mask)[0])


@BOTH
@pytest.mark.parametrize("lengths", [(0, 1), (7, 256)])
@pytest.mark.parametrize("size", [(1, 4, 6), (3, 8, 2)], ids=str)
def test_the_transformer_is_that_of_diffusers(folder, pipes, dtype, lengths, size):
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(256) < torch.tensor(lengths)[:, None]
    question = {
        "hidden_states": torch.randn((2, 12, *size), generator=generator).to(dtype),
        "encoder_hidden_states": torch.randn((2, 256, 32), generator=generator).to(dtype),
        "timestep": torch.tensor([500.25, 3.0]).to(dtype),
        "encoder_attention_mask": mask,
        "return_dict": False,
    }
    ours = direct.transformer(folder / "transformer", CPU, dtype)
    attend_with(ours).lengths = torch.tensor(lengths)

    assert torch.equal(unwanted(pipes[dtype].transformer)(**question)[0], ours(**question)[0])


@pytest.mark.parametrize("frames", [1, 10])
def test_the_decoder_is_that_of_diffusers(folder, pipes, frames):
    """Not in bfloat16: on a CPU it takes minutes."""
    latents = torch.randn((1, 12, frames, 4, 6), generator=torch.Generator().manual_seed(2))
    theirs = pipes[torch.float32].vae
    ours = direct.vae(folder / "vae", CPU, torch.float32)

    assert torch.equal(unwanted(theirs).decode(latents)[0], CausalDecoder(ours.decoder)(latents)[:, :, 5:])
    assert theirs.spatial_compression_ratio == ours.spatial_compression_ratio
    assert theirs.temporal_compression_ratio == ours.temporal_compression_ratio


def test_at_full_size_each_part_has_the_names_and_shapes_of_the_stock_one():
    """Those of mochi-1-preview are the defaults of diffusers, and t5-v1_1-xxl's; built without memory."""
    from diffusers.models import AutoencoderKLMochi, MochiTransformer3DModel
    from transformers import T5Config, T5EncoderModel

    words = {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64}
    config = T5Config(feed_forward_proj="gated-gelu", is_encoder_decoder=False, **words)
    with torch.device("meta"):
        pairs = [
            (MochiTransformer3DModel(), transformer.Transformer(transformer.Shape.of({}))),
            (AutoencoderKLMochi(), vae.Vae(vae.Shape.of({"latents_mean": None, "latents_std": None}))),
            (T5EncoderModel(config), t5.T5Encoder(t5.Shape.of({"feed_forward_proj": "gated-gelu", **words}))),
        ]
    for stock, ours in pairs:
        left_out = "encoder." if isinstance(ours, vae.Vae) else "nothing"
        theirs = {name: each.shape for name, each in stock.named_parameters() if not name.startswith(left_out)}
        assert theirs == {name: each.shape for name, each in ours.named_parameters()}


def test_at_full_size_nothing_is_made_beside_the_weights():
    """On the device that has no numbers: it refuses what lies on a CPU, as a GPU does, and takes the longest video."""
    words = {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64}
    with torch.device("meta"):
        encoder = t5.T5Encoder(t5.Shape(**words)).to(torch.bfloat16)
        model = transformer.Transformer(transformer.Shape()).to(torch.bfloat16)
        decoder = vae.Vae(vae.Shape()).decoder.to(torch.bfloat16)
        ids, mask = torch.zeros((2, 256), dtype=torch.long), torch.ones((2, 256), dtype=torch.bool)
        latents, time = torch.zeros((2, 12, 28, 60, 106), dtype=torch.bfloat16), torch.zeros(2, dtype=torch.bfloat16)
    attend_with(model).lengths = torch.tensor([1, 96])

    read = encoder(ids, mask)[0]
    velocity = model(latents, read, time, mask)[0]
    pictures = CausalDecoder(decoder)(velocity[:1])

    assert (2, 256, 4096) == read.shape
    assert latents.shape == velocity.shape
    assert (1, 3, 168, 480, 848) == pictures.shape
    assert {(torch.device("meta"), torch.bfloat16)} == {
        (each.device, each.dtype) for each in (read, velocity, pictures)
    }


@pytest.mark.parametrize("steps", [2, 3, 4, 7, 8, 50, 63, 64, 100])
def test_the_steps_lie_where_the_pipeline_lays_them(steps):
    theirs = FlowMatchEulerDiscreteScheduler(invert_sigmas=True)
    theirs.set_timesteps(sigmas=linear_quadratic_schedule(steps, 0.025))

    ours = schedule.schedule(steps, CPU)

    assert torch.equal(theirs.sigmas, ours.sigmas)
    assert torch.equal(theirs.timesteps, ours.timesteps)


@pytest.mark.parametrize(
    "other", [{"shift": 3.0}, {"use_dynamic_shifting": True}, {"invert_sigmas": False}, {"num_train_timesteps": 500}]
)
def test_a_scheduler_of_other_steps_is_refused_and_what_differs_is_named(other):
    config = dict(FlowMatchEulerDiscreteScheduler(invert_sigmas=True).config) | other

    with pytest.raises(ModelUnavailable, match=next(iter(other))):
        schedule.check(config)


@pytest.mark.parametrize(
    ("shape", "config", "said"),
    [
        (t5.Shape, {"feed_forward_proj": "relu"}, "is not T5 version 1.1"),
        (t5.Shape, {"feed_forward_proj": "gated-gelu", "d_model": 32}, "config.json is not whole"),
        (transformer.Shape, {"qk_norm": "layer_norm"}, "norms or gates are not those of Mochi"),
        (vae.Shape, {"act_fn": "silu"}, "not that of Mochi"),
    ],
)
def test_a_part_of_another_make_is_unreadable(shape, config, said):
    with pytest.raises(Unreadable, match=said):
        shape.of(config)


def test_a_configuration_that_is_damaged_is_unreadable_and_named(tmp_path):
    for name in ("config.json", "tokenizer_config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{")
    (tmp_path / "model.safetensors").touch()

    with pytest.raises(Unreadable, match=f"the config.json of {tmp_path.name} is no JSON"):
        direct.transformer(tmp_path, CPU, torch.float32)
    with pytest.raises(Unreadable, match=f"{tmp_path.name} names no pad_token"):
        Words.of(tmp_path)


LEAN = """
import json, sys
from pathlib import Path
from functions.generate.mochi.engine import MochiEngine
from shared.core.request import VideoRequest
from shared.settings import Settings

engine = MochiEngine(Settings.from_env({"WEIGHTS_DIR": sys.argv[1]}), device="cpu")
engine.setup()
loaded = sorted(sys.modules)
drawing = engine.begin(VideoRequest(model="mochi-1-tiny", prompt="a", negative_prompt="", width=64, height=64,
    num_frames=7, fps=30, seed=1, num_inference_steps=2, guidance_scale=4.5))
drawing.advance()
drawing.preview()
drawing = engine.begin(drawing._denoiser.request, drawing.checkpoint())
drawing.advance()
list(drawing.decode())
print(json.dumps([loaded, sorted(sys.modules)]))
"""
SLOW = {"diffusers", "transformers", "accelerate", "huggingface_hub", "sentencepiece", "torch._dynamo", "sympy"}


def test_neither_a_start_nor_a_drawing_imports_what_takes_long_and_is_not_needed(folder, pytestconfig):
    command = [sys.executable, "-c", LEAN, str(folder.parent)]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True, timeout=180)

    assert [set(), set()] == [SLOW & set(modules) for modules in json.loads(done.stdout)]
