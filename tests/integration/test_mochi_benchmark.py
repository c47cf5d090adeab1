"""The benchmark of the large model runs with the tiny one, goes on where it was cut, and tells what it did not do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

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
    assert facts["decode 13 | ours against stock"]["off_stock"] < 0.005
    assert {"load warm | ours", "load warm | from_pretrained", "encode | 256 words"} <= set(facts)
    assert "| 13 | attention, compiled | not measured |" in table


def test_a_run_that_was_cut_goes_on_and_measures_nothing_twice(bench):
    _, first = bench("--only", "encode")
    assert {"machine", "encode | 256 words"} == set(first)
    _, then = bench("--only", "decode")
    assert first["encode | 256 words"] == then["encode | 256 words"]
    assert "decode 13 | ours" in then
