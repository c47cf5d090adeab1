"""Which model the engine holds, where its weights come from, and the tiny one that it builds itself."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.generate.looks import Looks
from functions.generate.mochi import tiny
from shared.core.errors import ModelUnavailable
from tests.integration.mochi_drawings import REQUEST, draw, engine_in


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def engine(weights):
    engine = engine_in(weights)
    engine.setup()
    return engine


def test_missing_weights_are_named_with_their_folder_and_what_belongs_there(engine, weights):
    both = engine_in(weights, "mochi-1-tiny mochi-1-preview")
    both.setup()
    with pytest.raises(ModelUnavailable) as caught:
        both.begin(dataclasses.replace(REQUEST, model="mochi-1-preview"))
    message = str(caught.value)
    assert str(weights / "mochi-1-preview") in message
    assert "model_index.json" in message
    assert f"WEIGHTS_DIR={weights} python -m functions.generate.weights fetch mochi-1-preview" in message
    # and it still draws what it can
    assert 13 == len(draw(both, REQUEST))


def test_a_place_that_cannot_hold_the_tiny_model_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    engine = engine_in(tmp_path / "file" / "weights")
    with pytest.raises(ModelUnavailable, match=rf"cannot be built: .*{tmp_path}/file/weights.*Set WEIGHTS_DIR"):
        engine.setup()


def test_a_model_that_is_not_offered_is_refused(engine):
    with pytest.raises(ModelUnavailable, match="mochi-1-preview is not among the models offered here: mochi-1-tiny"):
        engine.begin(dataclasses.replace(REQUEST, model="mochi-1-preview"))


def test_another_offered_model_is_swapped_in_and_out(weights, tmp_path):
    tiny.ensure(tmp_path)
    # The large model's place, taken by other weights of the same architecture.
    other = tiny.build()
    with torch.no_grad():
        other.transformer.proj_out.weight.mul_(0.5)
    other.save_pretrained(tmp_path / "mochi-1-preview", variant="bf16")
    engine = engine_in(tmp_path, "mochi-1-tiny mochi-1-preview")
    engine.setup()
    first = draw(engine, REQUEST)
    swapped = draw(engine, dataclasses.replace(REQUEST, model="mochi-1-preview"))
    assert not np.array_equal(first, swapped)
    assert np.array_equal(first, draw(engine, REQUEST))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_tiny_model_is_the_same_wherever_and_whenever_it_is_built(weights, engine, tmp_path):
    before = torch.random.get_rng_state()
    tiny.ensure(tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())
    files = _files(tmp_path / "mochi-1-tiny")
    assert _files(weights / "mochi-1-tiny") == files
    assert sum(map(len, files.values())) < 4_000_000
    assert ["mochi-1-tiny"] == [p.name for p in tmp_path.iterdir()]


def test_a_half_built_folder_of_a_killed_process_is_never_used(tmp_path):
    (tmp_path / ".mochi-1-tiny-dead").mkdir()
    (tmp_path / ".mochi-1-tiny-dead" / "model_index.json").write_text("{")
    engine = engine_in(tmp_path)
    engine.setup()
    assert 13 == len(draw(engine, REQUEST))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20), min_size=2, max_size=2))
def test_different_prompts_are_different_to_the_model(engine, prompts):
    one, two = (engine._modules.words(prompt)[0] for prompt in prompts)
    assert (prompts[0] == prompts[1]) == torch.equal(one, two)


DEAF = """
import sys
from pathlib import Path

def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise SystemExit(f"{event} {args}")

sys.addaudithook(refuse)
import functions.generate.engine, functions.generate.mochi.engine
assert not {"torch", "diffusers", "transformers"} & set(sys.modules), "the engine's module is heavy"
from shared.settings import Settings
engine = functions.generate.mochi.engine.MochiEngine(
    Settings.from_env({"WEIGHTS_DIR": sys.argv[1]}), device="cpu")
engine.setup()
from shared.core.request import VideoRequest
drawing = engine.begin(VideoRequest(model="mochi-1-tiny", prompt="a", negative_prompt="", width=64, height=64,
    num_frames=7, fps=30, seed=1, num_inference_steps=2, guidance_scale=4.5))
drawing.advance()
drawing.advance()
print(sum(len(chunk) for chunk in drawing.decode()))
"""


def test_processes_that_may_not_use_the_network_build_and_draw_at_once_and_say_nothing(tmp_path, pytestconfig):
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "TRANSFORMERS_"))}
    environ |= {"PYTHONPATH": str(pytestconfig.rootpath), "HF_HOME": str(tmp_path / "hf")}
    command = [sys.executable, "-W", "error", "-c", DEAF, str(tmp_path / "weights")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environ, **pipes) for _ in range(2)]
    for process in processes:
        assert ("7\n", "") == process.communicate(timeout=120)
        assert 0 == process.returncode
    assert ["mochi-1-tiny"] == [p.name for p in (tmp_path / "weights").iterdir()]


@pytest.mark.parametrize(
    "changes", [{}, {"seed": 0}, {"guidance_scale": 1.0}, {"num_frames": 7, "width": 64, "height": 64}]
)
def test_the_tiny_model_s_noise_is_neither_black_nor_frozen(engine, changes):
    looks = Looks()
    list(looks.watch([draw(engine, dataclasses.replace(REQUEST, **changes))]))
    assert (0, 0) == (looks.black, looks.frozen)
