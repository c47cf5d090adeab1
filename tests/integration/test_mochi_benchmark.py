"""The benchmark of the large model runs with the tiny one, goes on where it was cut, and tells what it did not do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch

from bench import mochi_decoders as decoders
from bench import mochi_models as models
from bench.mochi_record import Record
from shared.core.errors import ModelUnavailable

pytestmark = pytest.mark.timeout(400)


LOADING = "load warm | safetensors"
KILLED = """
import os, runpy, sys

event, last = sys.argv[1:3]

def die(met, args):
    if met == event and any(last in str(each) for each in args[:2]):
        os._exit(9)

sys.argv = sys.argv[3:]
sys.addaudithook(die)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WRITING, LOADED = ("os.mkdir", "/transformer"), ("subprocess.Popen", "mochi_load.py")


@pytest.fixture
def bench(pytestconfig, tmp_path):
    def run(*arguments, status=0, killed=None):
        (tmp_path / "temporary").mkdir(exist_ok=True)
        command = [sys.executable, *(["-c", KILLED, *killed] if killed else []), "bench/mochi.py", "--tiny"]
        done = subprocess.run(
            [*command, "--record", str(tmp_path / "record.json"), *arguments], cwd=pytestconfig.rootpath,
            env=os.environ | {"TMPDIR": str(tmp_path / "temporary")}, capture_output=True, text=True, timeout=350,
        )  # fmt: skip
        assert (9 if killed else status) == done.returncode, done.stderr
        assert "Traceback" not in done.stderr
        record = tmp_path / "record.json"
        return done.stderr if status else done.stdout, json.loads(record.read_text()) if record.exists() else {}

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
    assert {"machine", "encode | 256 words", "encode | 256 words, ours"} == set(first)
    assert 0 == first["encode | 256 words, ours"]["off_stock"]
    _, then = bench("--only", "decode")
    assert first["encode | 256 words"] == then["encode | 256 words"]
    assert "decode 13 | ours" in then


def test_killed_between_writing_and_loading_it_says_where_the_weights_are_and_goes_on_without_them(bench, tmp_path):
    said, first = bench("--only", LOADING, killed=LOADED)
    assert {"machine", "load | write"} == set(first)
    [left] = (tmp_path / "temporary").iterdir()
    assert f"writing weights to {left}" in said
    shutil.rmtree(left)

    _, then = bench("--only", LOADING)

    assert then["load warm | safetensors to the device"]["all"] > 0
    assert [] == list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(("killed", "again"), [(WRITING, True), (LOADED, False)], ids=["writing", "loading"])
def test_weights_in_a_folder_of_mine_are_used_when_they_are_whole(bench, tmp_path, killed, again):
    words = ("--only", LOADING, "--folder", str(tmp_path / "mine"))
    bench(*words, killed=killed)

    said, then = bench(*words)

    assert again == ("writing weights" in said)
    assert then["load warm | safetensors to the device"]["all"] > 0
    assert then["load | write"]["gb"] > 0


def test_a_model_in_the_folder_is_not_written_over(bench, tmp_path):
    """Nor taken for what is to be measured."""
    config = tmp_path / "mine" / "transformer" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text("{}")

    _, facts = bench("--only", LOADING, "--folder", str(tmp_path / "mine"))

    assert facts["load warm | safetensors to the device"]["all"] > 0
    assert ("{}", ["config.json"]) == (config.read_text(), [path.name for path in config.parent.iterdir()])


def test_what_failed_is_told_by_the_exit_status_and_tried_again_in_the_next_call(bench, tmp_path):
    (tmp_path / "file").write_text("in the way")
    words = ("--only", LOADING, "--folder", str(tmp_path / "file"))
    said, facts = bench(*words, status=1)
    assert "failed in this call: load | write" in said
    assert {"failed"} == set(facts["load | write"])

    (tmp_path / "file").unlink()
    _, facts = bench(*words)

    assert facts["load warm | safetensors to the device"]["all"] > 0


REFUSED = {
    "another machine": ('{"machine": {"on": "a GPU"}, "encode | 256 words": {}}', "is of another machine: a GPU. Here it is"),
    "no machine": ('{"encode | 256 words": {}}', "is no record: take it away"),
    "cut": ('{"machine": {', "is no record: take it away"),
    "something else": ("[]", "is no record: take it away"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_a_record_that_cannot_be_gone_on_with_is_refused_in_a_sentence(tmp_path, pytestconfig, text, told):
    record = tmp_path / "record.json"
    record.write_text(text)
    command = [sys.executable, "bench/mochi.py", "--tiny", "--only", "nothing", "--record", str(record)]

    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=100)

    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines())), done.stderr
    assert f"{record} {told}" in done.stderr
    assert text == record.read_text()


def test_a_disk_that_is_full_leaves_the_record_whole(tmp_path, pytestconfig):
    script = """
import pathlib, resource, sys
from bench.mochi_record import Record
from shared.core.errors import ModelUnavailable
record = Record(pathlib.Path(sys.argv[1]), 60, "", {"on": "here"})
record.measure("first", lambda: {"seconds": 1.0})
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
record.measure("second", lambda: {"seconds": 2.0})
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "record.json"], cwd=pytestconfig.rootpath, capture_output=True,
        text=True, timeout=100,
    )  # fmt: skip

    assert "File too large" in done.stderr
    assert {"machine": {"on": "here"}, "first": {"seconds": 1.0}} == json.loads((tmp_path / "record.json").read_text())


FAILURES = {
    "error": (RuntimeError("broken"), True),
    "refused": (ModelUnavailable("cuDNN has no attention in 8 bits for that shape"), True),
    "too slow": (subprocess.TimeoutExpired("mochi_load.py", 240), True),
    "no room": (torch.OutOfMemoryError("Tried to allocate 99 GiB"), False),
}


@pytest.mark.parametrize(("error", "again"), FAILURES.values(), ids=FAILURES)
def test_that_a_card_has_no_room_is_known_and_another_failure_is_tried_again(tmp_path, error, again):
    def work():
        raise error

    record = Record(tmp_path / "record.json", 60, "", {"on": "here"})
    record.measure("it", work)

    assert (["it"] if again else []) == record.failed
    assert again == Record(tmp_path / "record.json", 60, "", {"on": "here"}).wants("it")


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
