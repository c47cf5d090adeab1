"""Loading past from_pretrained: the same modules to the last bit, and the way back where a file does not fit."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline

from functions.generate.mochi import direct, pipeline, tiny
from functions.generate.mochi.reading import Unreadable
from tests.integration.mochi_drawings import REQUEST, draw, engine_in

CPU = torch.device("cpu")
PARTS = ("text_encoder", "transformer", "vae")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    tiny.ensure(folder)
    return folder


def numbers(module, leaving_out=""):
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: each for name, each in state.items() if not leaving_out or not name.startswith(leaving_out)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("part", PARTS)
def test_each_module_equals_that_of_from_pretrained(weights, part, dtype):
    folder = weights / tiny.NAME
    stock = getattr(MochiPipeline.from_pretrained(folder, dtype=dtype, local_files_only=True), part)
    ours = getattr(direct, part)(folder / part, CPU, dtype)
    expected, found = numbers(stock, "encoder." if part == "vae" else ""), numbers(ours)

    assert expected.keys() == found.keys()
    for name, each in expected.items():
        assert each.dtype == found[name].dtype, name
        assert torch.equal(each, found[name]), name
    assert not ours.training
    assert stock.training == ours.training


def test_the_engine_takes_this_way_and_draws_the_same(weights, caplog):
    caplog.set_level("INFO")
    engine = engine_in(weights)
    engine.setup()
    direct_frames = draw(engine, REQUEST)
    assert not hasattr(engine._modules.vae, "encoder")
    engine._modules = pipeline.by_from_pretrained(weights / tiny.NAME, CPU)
    engine._prepared.clear()

    assert np.array_equal(direct_frames, draw(engine, REQUEST))
    assert "from_pretrained" not in caplog.text


@pytest.mark.parametrize("part", PARTS)
def test_weights_in_another_layout_are_left_to_from_pretrained_and_the_log_says_why(weights, tmp_path, caplog, part):
    """What from_pretrained cannot read either, it says itself."""
    shutil.copytree(weights / tiny.NAME, tmp_path / tiny.NAME)
    [file] = (tmp_path / tiny.NAME / part).glob("*.safetensors")
    header = file.read_bytes()
    length = int.from_bytes(header[:8], "little")
    # One more tensor than the module wants: from_pretrained passes over it, with a warning of its own.
    told = header[8 : 8 + length].rstrip()
    more = told[:-1] + b',"surplus.weight":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    file.write_bytes(len(more).to_bytes(8, "little") + more + header[8 + length :])

    modules = pipeline.load(tmp_path / tiny.NAME, CPU)

    assert f"{part} lacks [] and has ['surplus.weight']" in caplog.text
    assert "loading it by from_pretrained, which takes longer" in caplog.text
    assert modules.transformer is not None


def test_a_cut_file_is_unreadable(weights, tmp_path):
    shutil.copytree(weights / tiny.NAME / "transformer", tmp_path / "transformer")
    [file] = (tmp_path / "transformer").glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Unreadable, match="it is cut, or still being made"):
        direct.transformer(tmp_path / "transformer", CPU, torch.float32)


ORDER = """
import sys
from pathlib import Path
from functions.generate.mochi import pipeline
import torch

seen = []

def watch(event, args):
    if event == "open" and str(args[0]).endswith(".safetensors") and args[0] not in seen:
        seen.append(args[0])

sys.addaudithook(watch)
pipeline.load(Path(sys.argv[1]), torch.device("cpu"))
print(*(Path(path).parent.name for path in seen))
"""


def test_what_is_needed_first_is_loaded_first(weights, pytestconfig):
    command = [sys.executable, "-c", ORDER, str(weights / tiny.NAME)]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True, timeout=120)

    assert ["text_encoder", "transformer", "vae"] == done.stdout.split()


def test_a_component_without_files_is_unreadable(tmp_path):
    (tmp_path / "transformer").mkdir()
    (tmp_path / "transformer" / "config.json").write_text("{}")
    with pytest.raises(Unreadable, match="transformer has no safetensors file"):
        direct.transformer(tmp_path / "transformer", CPU, torch.float32)
