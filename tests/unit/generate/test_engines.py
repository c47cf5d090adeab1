"""Each little engine does what its name says, and nothing else."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from functions.generate.encode import encode
from functions.generate.engine import Drawing, VideoEngine
from functions.generate.playback import check, examine
from shared.core.errors import DrawingFailed, OutOfMemory
from shared.settings import Settings
from tests.engines.kill_self import POISON

ALL = {
    "instant": ["Instant"],
    "as_told": ["AsTold"],
    "slow": ["Slow"],
    "slow_setup": ["SlowSetup"],
    "crash_at_step": ["CrashAtStep"],
    "deaf": ["Deaf"],
    "full_disk": ["FullDisk"],
    "hang": ["Hang"],
    "kill_self": ["KillSelf", "KillSelfOnce", "KillSelfAsTold"],
    "kill_self_in": ["InPrompt", "InDecoding", "InEncoding", "InUpload"],
    "not_finite": ["NotFinite"],
    "out_of_memory": ["NoRoom"],
    "wrong_frames": ["NoFrames", "TooFewFrames", "WrongSize", "OneColor"],
}


def engine(name: str) -> VideoEngine:
    module, cls = name.split(":")
    return getattr(importlib.import_module(f"tests.engines.{module}"), cls)(Settings.from_env({}))


def finish(drawing: Drawing) -> None:
    while drawing.step < drawing.total_steps:
        drawing.advance()


def film(drawing, asked, path):
    finish(drawing)
    encode(drawing.decode(), path, asked)
    check(examine(path), asked)


def test_every_engine_of_the_folder_stands_in_the_table_of_its_readme(pytestconfig):
    folder = pytestconfig.rootpath / "tests" / "engines"
    assert sorted(ALL) == sorted(p.stem for p in folder.glob("*.py"))
    readme = (folder / "README.md").read_text()
    for module, classes in ALL.items():
        assert f"`{module}:{classes[0]}`" in readme
        assert all(f"{cls}`" in readme for cls in classes)


def test_none_of_them_needs_torch(pytestconfig):
    modules = ", ".join(f"tests.engines.{module}" for module in ALL)
    code = f"import sys, {modules}; sys.exit(bool({{'torch', 'diffusers'}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=pytestconfig.rootpath, timeout=60)


def test_instant_draws_the_video_that_was_asked_for(asked, tmp_path):
    instant = engine("instant:Instant")
    instant.setup()
    for changes in ({}, {"num_frames": 163, "width": 320}, {"seed": 8}):
        wanted = dataclasses.replace(asked, **changes)
        film(instant.begin(wanted), wanted, tmp_path / "a.mp4")


def test_instant_draws_other_frames_for_another_request_and_the_same_for_the_same(asked):
    instant = engine("instant:Instant")
    one, again, other = (
        np.concatenate(list(instant.begin(request).decode()))
        for request in (asked, asked, dataclasses.replace(asked, prompt="another"))
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert all(not np.array_equal(a, b) for a, b in itertools.pairwise(one))


def test_instant_goes_on_from_a_checkpoint_of_the_same_request_only(asked):
    instant = engine("instant:Instant")
    drawing = instant.begin(asked)
    drawing.advance()
    drawing.advance()
    assert 2 == instant.begin(asked, drawing.checkpoint()).step
    assert 0 == instant.begin(dataclasses.replace(asked, seed=8), drawing.checkpoint()).step
    for damaged in (b"", b"[]", b"7", b'{"step": "x", "request": 1}'):
        assert 0 == instant.begin(asked, damaged).step


def test_slow_takes_its_time_for_each_step_and_none_to_begin(asked):
    before = time.monotonic()
    drawing = engine("slow:Slow").begin(asked)
    begun = time.monotonic()
    drawing.advance()
    assert begun - before < 0.1
    assert time.monotonic() - begun >= 0.2


def test_slow_setup_takes_its_time_to_get_ready(asked):
    slow = engine("slow_setup:SlowSetup")
    type(slow).seconds, seconds = 0.1, type(slow).seconds
    before = time.monotonic()
    slow.setup()
    type(slow).seconds = seconds
    assert time.monotonic() - before >= 0.1
    finish(slow.begin(asked))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("crash_at_step:CrashAtStep", RuntimeError),
        ("not_finite:NotFinite", DrawingFailed),
        ("out_of_memory:NoRoom", OutOfMemory),
    ],
)
def test_failing_engines_fail_in_step_three_with_or_without_a_checkpoint(name, error, asked):
    failing = engine(name)
    drawing = failing.begin(asked)
    drawing.advance()
    drawing.advance()
    for one in (failing.begin(asked, drawing.checkpoint()), drawing):
        with pytest.raises(error, match="step 3"):
            one.advance()


def test_hang_never_comes_back_from_step_three(asked):
    drawing = engine("hang:Hang").begin(asked)
    drawing.advance()
    drawing.advance()
    step = threading.Thread(target=drawing.advance, daemon=True)
    step.start()
    step.join(0.2)
    assert step.is_alive()


LAST_WORDS = """
import sys
from tests.engines import kill_self
from shared.core.request import VideoRequest
engine = getattr(kill_self, sys.argv[1])(None)
drawing = engine.begin(VideoRequest(**eval(sys.argv[2])), eval(sys.argv[3]))
while drawing.step < drawing.total_steps:
    drawing.advance()
    print(drawing.step, flush=True)
"""


@pytest.fixture
def last_words(asked, pytestconfig):
    """The steps that a process of an engine told of, and how it ended."""

    def run(cls, checkpoint, request=asked):
        command = [sys.executable, "-c", LAST_WORDS, cls, repr(dataclasses.asdict(request)), repr(checkpoint)]
        done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=60)
        return done.stdout, done.returncode

    return run


def test_kill_self_dies_in_step_three_every_time_and_the_other_one_only_at_first(asked, last_words):
    drawing = engine("instant:Instant").begin(asked)
    drawing.advance()
    drawing.advance()
    assert ("1\n2\n", -signal.SIGKILL) == last_words("KillSelf", None)
    assert ("", -signal.SIGKILL) == last_words("KillSelf", drawing.checkpoint())
    assert ("1\n2\n", -signal.SIGKILL) == last_words("KillSelfOnce", None)
    assert ("3\n4\n", 0) == last_words("KillSelfOnce", drawing.checkpoint())
    assert ("1\n2\n3\n4\n", 0) == last_words("KillSelfAsTold", None)
    poison = dataclasses.replace(asked, prompt=f"a cup of {POISON}")
    assert ("1\n2\n", -signal.SIGKILL) == last_words("KillSelfAsTold", None, poison)


@pytest.mark.parametrize(
    ("cls", "words"),
    [
        ("NoFrames", "drew no frames"),
        ("TooFewFrames", "num_frames is 12 instead of 13"),
        ("WrongSize", r"of shape \(128, 192, 3\)"),
        ("OneColor", "one and the same colour"),
    ],
)
def test_wrong_frames_are_seen_by_the_checks(cls, words, asked, tmp_path):
    with pytest.raises(DrawingFailed, match=words) as caught:
        film(engine(f"wrong_frames:{cls}").begin(asked), asked, tmp_path / "a.mp4")
    assert "quality_check_failed" == caught.value.code
