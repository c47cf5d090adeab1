"""Kernels that one process compiled are another's, whatever length it is asked for; what cannot be used is made anew."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys

import pytest
import torch

from functions.generate import kernels as command
from functions.generate.mochi import kernels, tiny
from shared.settings import Settings
from tests.integration.mochi_drawings import engine_in

CPU = torch.device("cpu")
SETTINGS = Settings.from_env({"WEIGHTS_DIR": "/weights", "COMPILE": "true"})
ELSE = {"digest": b"\0" * 32 + b"kernels", "cut": b"\0" * 7, "nothing": b""}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory, pytestconfig):
    """A process of its own, with no kernels but those of the file: what it tells of itself."""
    place = tmp_path_factory.mktemp("kernels")

    def run(file, *lengths):
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.compiling_process", str(place / file), *map(str, lengths)],
            cwd=pytestconfig.rootpath,
            env=os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(tmp_path_factory.mktemp("scratch"))},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    return place, run


def test_who_takes_kernels_compiles_nothing_for_a_length_that_nobody_met(compiled):
    place, run = compiled
    first = run("whole.bin", 3, 6, 9)
    assert (False, 0, 2) == (first["took"], first["found"], first["made"])

    second = run("whole.bin", 9)
    assert (True, 1, 0) == (second["took"], second["found"], second["made"])
    assert first["answer"] == second["answer"]
    assert 1 == run("whole.bin", 5)["found"]
    assert ["whole.bin"] == [path.name for path in place.iterdir()]


@pytest.mark.parametrize("kept", ELSE.values(), ids=ELSE)
def test_a_damaged_file_is_not_used_and_the_log_says_so(tmp_path, caplog, kept):
    (tmp_path / "kept.bin").write_bytes(kept)
    assert not kernels.take(tmp_path / "kept.bin")
    assert [("WARNING", True)] == [(each.levelname, "is damaged" in each.message) for each in caplog.records]


def test_a_file_that_is_sound_but_of_another_torch_is_not_used(tmp_path):
    """What stands behind the digest is torch's own, which may change its form."""
    kernels.write(tmp_path / "kept.bin", b"of a form that is still to come")
    assert not kernels.take(tmp_path / "kept.bin")


def test_none_is_no_warning_and_names_where_they_would_be(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    assert not kernels.take(tmp_path / "kept.bin")
    assert [("INFO", True)] == [(each.levelname, str(tmp_path / "kept.bin") in each.message) for each in caplog.records]


def test_a_disk_that_fails_costs_the_kernels_alone(tmp_path, caplog):
    (tmp_path / "kept.bin").mkdir()
    assert not kernels.take(tmp_path / "kept.bin")
    assert ["WARNING"] == [each.levelname for each in caplog.records]


def test_nothing_compiled_is_nothing_to_keep(tmp_path):
    script = (
        "import sys, pathlib; from functions.generate.mochi import kernels; kernels.keep(pathlib.Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "kept.bin"], capture_output=True, text=True)
    assert "ModelUnavailable: torch has compiled nothing that it can keep" in done.stderr
    assert [] == list(tmp_path.iterdir())


OTHERS = {
    "presets": dataclasses.replace(SETTINGS, presets=("exact", "fast")),
    "attention": dataclasses.replace(SETTINGS, fp8_attention=True),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_settings_that_compile_to_something_else_have_a_file_of_their_own(other):
    here = kernels.place(SETTINGS, "mochi-1-preview", CPU)
    assert here.parent == kernels.place(other, "mochi-1-preview", CPU).parent
    assert here != kernels.place(other, "mochi-1-preview", CPU)
    assert f"cpu-torch-{torch.__version__}-" in here.name


def test_the_command_draws_a_step_in_each_preset_and_two_lengths(tmp_path):
    engine = engine_in(tmp_path)
    engine.setup()
    requests = list(command.requests(tiny.NAME, ("exact", "turbo")))

    command.draw_a_step_of_each(engine, requests)

    assert [("exact", 13), ("exact", 163), ("turbo", 13), ("turbo", 163)] == [
        (each.preset, each.num_frames) for each in requests
    ]
    assert all(each.guidance_scale > 1 for each in requests)


class TestCommand:
    """Its exit status and what it says; what it makes takes a GPU."""

    def test_nobody_would_read_kernels_where_nothing_is_compiled(self, capsys):
        assert 1 == command.main([tiny.NAME], {})
        assert "COMPILE is not true" in capsys.readouterr().err

    def test_without_a_gpu_it_says_so(self, tmp_path, capsys):
        assert 1 == command.main([tiny.NAME], {"COMPILE": "true", "WEIGHTS_DIR": str(tmp_path)})
        assert "COMPILE=true needs a GPU and a C compiler" in capsys.readouterr().err
        assert [] == list(tmp_path.rglob("*.bin"))

    def test_what_is_there_stays(self, tmp_path, capsys):
        variables = {"COMPILE": "true", "WEIGHTS_DIR": str(tmp_path)}
        file = kernels.place(Settings.from_env(variables), tiny.NAME, CPU)
        kernels.write(file, b"kept")
        before = file.read_bytes()
        assert 0 == command.main([tiny.NAME], variables)
        assert (f"{file} is there.\n", before) == (capsys.readouterr().out, file.read_bytes())

    @pytest.mark.parametrize("kept", ELSE.values(), ids=ELSE)
    def test_a_damaged_file_is_made_anew(self, tmp_path, capsys, kept):
        """It asks for the GPU that making them takes."""
        variables = {"COMPILE": "true", "WEIGHTS_DIR": str(tmp_path)}
        file = kernels.place(Settings.from_env(variables), tiny.NAME, CPU)
        file.parent.mkdir(parents=True)
        file.write_bytes(kept)
        assert 1 == command.main([tiny.NAME], variables)
        assert "COMPILE=true needs a GPU and a C compiler" in capsys.readouterr().err


@pytest.mark.usefixtures("capsys")
def test_an_unknown_model_is_wrong_words():
    with pytest.raises(SystemExit, match="2"):
        command.main(["mochi-2"], {})


def test_an_engine_that_compiles_nothing_looks_for_no_kernels(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    engine_in(tmp_path).setup()
    assert not [each for each in caplog.records if "compil" in each.message]


def test_writing_that_breaks_off_leaves_what_was_there(tmp_path):
    file = tmp_path / "there" / "kept.bin"
    kernels.write(file, b"before")
    before = file.read_bytes()
    (tmp_path / "there" / ".kept.bin.part").mkdir()
    with pytest.raises(IsADirectoryError):
        kernels.write(file, b"after")
    assert before == file.read_bytes()
