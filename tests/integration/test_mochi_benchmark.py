"""The benchmark of the large model runs with the tiny one, goes on where it was cut, and tells what it did not do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from bench import mochi_decoders as decoders
from bench import mochi_models as models

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def bench(pytestconfig, tmp_path):
    def run(*arguments):
        command = [sys.executable, "bench/mochi.py", "--tiny", "--record", str(tmp_path / "record.json"), *arguments]
        done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=350)
        assert 0 == done.returncode, done.stderr
        return done.stdout, json.loads((tmp_path / "record.json").read_text())

    return run


def test_it_measures_everything_that_a_cpu_can_and_the_rest_is_not_measured(bench):
    table, facts = bench()

    assert not [key for key, found in facts.items() if "failed" in found]
    assert 0 == facts["step 13 | attention"]["off_stock"]
    # bfloat16 against float32, and 8 bits against bfloat16: 2^-8 and 2^-4 in each number, through all layers.
    assert 0 < facts["step 13 | stock"]["off_float32"] < 0.05
    assert 0 < facts["step 13 | attention, fp8"]["off_stock"] < 0.2
    # Bytes against what they are rounded from.
    assert facts["decode 13 | ours"]["off_stock"] < 0.005
    assert facts["decode 13 | ours, channels last"]["off_stock"] < 0.005
    assert {"load warm | ours", "load warm | from_pretrained", "encode | 256 words"} <= set(facts)
    assert "| 13 | attention, compiled | not measured |" in table
    assert "| decode 13: ours, channels last, compiled | not measured |" in table


def test_a_run_that_was_cut_goes_on_and_measures_nothing_twice(bench):
    _, first = bench("--only", "encode")
    assert {"machine", "encode | 256 words"} == set(first)
    _, then = bench("--only", "decode")
    assert first["encode | 256 words"] == then["encode | 256 words"]
    assert "decode 13 | ours" in then


@pytest.mark.parametrize("lever", decoders.LEVERS, ids=lambda lever: lever.name)
def test_what_a_lever_changes_of_the_decoder_is_put_back_also_when_it_breaks(lever):
    vae = models.vae(models.TINY, torch.device("cpu"), torch.float32)
    before = strides(vae)

    def broken():
        with decoders.pulled(lever, vae) as decode:
            assert lever.channels_last == (before != strides(vae))
            decode(torch.zeros((1, 13, 1, 2, 2)))

    with pytest.raises(RuntimeError, match="must match the size"):
        broken()

    assert before == strides(vae)


def strides(module):
    return {name: each.stride() for name, each in module.named_parameters()}
