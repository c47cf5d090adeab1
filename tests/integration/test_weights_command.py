"""Weights from a hub: fetched whole or not called whole, gone on where it broke, looked at again later.

The hub is a stand-in on loopback (tests/hub.py), its client the real one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from functions.generate.mochi import weights as places
from functions.generate.weights.__main__ import main
from shared.core.errors import ModelUnavailable
from tests.hub import COMMIT, Hub, serving

LARGE = "transformer/diffusion_pytorch_model.bf16.safetensors"
FILES = {
    "model_index.json": b'{"_class_name": "MochiPipeline"}',
    "README.md": b"not wanted",
    "dit.safetensors": bytes(5000),
    "tokenizer/tokenizer.json": b"{}",
    "transformer/config.json": b"{}",
    "transformer/diffusion_pytorch_model.safetensors": bytes(9000),
    LARGE: os.urandom(25_000_000),
    "vae/diffusion_pytorch_model.safetensors": os.urandom(2000),
}
WANTED = {
    "model_index.json",
    "tokenizer/tokenizer.json",
    "transformer/config.json",
    LARGE,
    "vae/diffusion_pytorch_model.safetensors",
}


@pytest.fixture
def hub():
    with serving(Hub(dict(FILES))) as hub:
        yield hub


@pytest.fixture
def weights(hub, tmp_path, pytestconfig):
    """The command: its exit status and what it says."""

    def run(what, *more):
        variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "WEIGHTS_DIR": str(tmp_path / "here")}
        variables |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "functions.generate.weights", what, "mochi-1-preview", *more],
            cwd=pytestconfig.rootpath,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "here/mochi-1-preview"


def said(text):
    return text.strip().splitlines()[-1]


def test_what_a_drawing_needs_is_fetched_and_nothing_else(weights, folder, hub):
    status, text = weights("fetch")

    assert (0, f"{folder} is whole: 5 files.") == (status, text.splitlines()[0])
    assert WANTED | {"flipbook-weights.json"} == {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert all(FILES[path] == (folder / path).read_bytes() for path in WANTED)
    told = json.loads((folder / "flipbook-weights.json").read_text())
    assert ("genmo/mochi-1-preview", COMMIT) == (told["repository"], told["revision"])
    assert [folder.name] == [path.name for path in folder.parent.iterdir()]
    assert not (folder / ".cache").exists()
    assert (0, f"5 files in {folder} are as they were written.") == (weights("verify")[0], said(weights("verify")[1]))


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ([], ""),
        (["--revision", COMMIT], ""),
        (["--revision", "main"], " Where main stands now was not looked up."),
        (["--source", "genmo/mochi-1-preview"], ""),
    ],
)
def test_weights_that_are_there_are_not_fetched_again(weights, folder, hub, words, more):
    weights("fetch")
    hub.asked.clear()
    hub.url = "http://127.0.0.1:9"

    told = f"{folder} is there: 5 files of their sizes, of genmo/mochi-1-preview at {COMMIT}; verify reads them."
    assert (0, f"{told}{more}\n") == weights("fetch", *words)
    assert [] == hub.asked


@pytest.mark.parametrize("words", [["--revision", "0" * 40], ["--source", "somebody/else"]])
def test_weights_that_are_others_than_those_asked_for_are_not_called_there(weights, folder, hub, words):
    weights("fetch")
    hub.asked.clear()

    status, text = weights("fetch", *words)

    told = (
        f"{folder} is of genmo/mochi-1-preview at {COMMIT}, and {words[1]} was asked for. Take it away and fetch again"
    )
    assert (1, f"{told}\n") == (status, text)
    assert [] == hub.asked


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: os.truncate(path, 7)], ids=["gone", "cut"])
def test_weights_that_lack_something_are_not_called_there_and_not_touched(weights, folder, hub, spoil):
    weights("fetch")
    hub.asked.clear()
    spoil(folder / LARGE)

    status, text = weights("fetch")

    assert (1, f"changed, cut or missing: {LARGE}. Take {folder} away and fetch again\n") == (status, text)
    assert [] == hub.asked


def test_two_small_files_are_no_model(weights, folder):
    """Those that generate looks for when it starts."""
    (folder / "tokenizer").mkdir(parents=True)
    for path in places.NEEDED:
        (folder / path).write_bytes(FILES[path])

    status, text = weights("fetch")

    assert (0, f"{folder} is whole: 5 files.") == (status, text.splitlines()[0])


def test_what_was_put_there_by_hand_is_left_there_and_called_so(weights, folder, hub):
    for path in (*places.NEEDED, *(f"{each}/model.safetensors" for each in places.COMPONENTS)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"by hand")

    status, text = weights("fetch")

    told = f"{folder} is there, put there by hand: without flipbook-weights.json nothing tells what it should hold."
    assert (0, f"{told}\n", []) == (status, text, hub.asked)


def test_a_fetch_that_breaks_goes_on_where_it_was(weights, folder, hub):
    """The client writes 10 MiB at a time, so that much may be brought twice."""
    hub.cut_after = 12_000_000
    status, text = weights("fetch")

    assert 0 == status, text
    assert FILES[LARGE] == (folder / LARGE).read_bytes()
    assert [None, "bytes=10485760-", "bytes=20971520-"] == [asked for name, asked in hub.asked if name == LARGE]


def test_a_fetch_that_was_given_up_leaves_nothing_that_looks_like_weights_and_goes_on_in_the_next_call(
    weights, folder, hub
):
    hub.cut_after = 0
    status, text = weights("fetch")

    assert 1 == status
    assert "call it again to go on" in text
    assert not folder.exists()
    with pytest.raises(ModelUnavailable):
        places.folder(folder.parent, folder.name)
    hub.cut_after = None
    hub.asked.clear()
    assert 0 == weights("fetch")[0]
    assert "model_index.json" not in [name for name, _ in hub.asked]


def test_half_a_model_under_its_own_name_is_gone_on_from(weights, folder, hub):
    """Versions before this one fetched in place."""
    (folder / "transformer").mkdir(parents=True)
    (folder / "transformer" / "config.json").write_bytes(FILES["transformer/config.json"])

    assert 0 == weights("fetch")[0]

    assert [folder.name] == [path.name for path in folder.parent.iterdir()]
    assert 0 == weights("verify")[0]


def test_half_a_model_under_its_own_name_does_not_stand_in_the_way_of_a_fetch_that_is_gone_on_with(weights, folder):
    for half in (folder, folder.with_name(f".{folder.name}.part")):
        (half / "transformer").mkdir(parents=True)
        (half / "transformer" / "config.json").write_bytes(FILES["transformer/config.json"])

    status, text = weights("fetch")

    assert (0, f"{folder} is whole: 5 files.") == (status, text.splitlines()[0])
    assert [folder.name] == [path.name for path in folder.parent.iterdir()]
    assert 0 == weights("verify")[0]


def test_what_another_revision_left_does_not_come_along(weights, folder):
    part = folder.with_name(f".{folder.name}.part")
    (part / "transformer").mkdir(parents=True)
    (part / "transformer" / "old-00001-of-00002.bf16.safetensors").write_text("half")

    assert 0 == weights("fetch")[0]

    assert [LARGE.partition("/")[2]] == [path.name for path in (folder / "transformer").glob("*.safetensors")]
    assert not part.exists()


def test_a_file_that_arrives_otherwise_than_the_hub_tells_is_not_kept(weights, folder, hub):
    hub.served[LARGE] = bytes(len(FILES[LARGE]))

    status, text = weights("fetch")

    assert (1, f"not as the hub tells, and taken away: {LARGE}. Fetch again") == (status, said(text))
    assert not folder.exists()
    hub.served.clear()
    assert 0 == weights("fetch")[0]
    assert FILES[LARGE] == (folder / LARGE).read_bytes()


@pytest.mark.parametrize("path", [LARGE, "transformer/config.json"])
def test_a_file_that_changed_on_the_disk_is_found(weights, folder, path):
    weights("fetch")
    data = bytearray((folder / path).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / path).write_bytes(data)

    status, text = weights("verify")

    assert (1, f"changed, cut or missing: {path}. Take {folder} away and fetch again") == (status, said(text))


def test_where_nothing_was_fetched_there_is_nothing_to_verify(weights):
    status, text = weights("verify")

    assert 1 == status
    assert "has no sound flipbook-weights.json: nothing tells what it should hold" in text


def test_a_hub_that_does_not_answer_is_a_failure_that_may_pass(weights, hub):
    """Nobody listens on the discard port."""
    hub.url = "http://127.0.0.1:9"

    status, text = weights("fetch", "--revision", "main")

    assert (1, True) == (status, said(text).endswith("What is done stays: call it again to go on"))


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (["fetch", "mochi-1-preview", "--source", "nowhere"], "is neither a folder nor a repository like owner/name"),
        (["fetch", "mochi-1-tiny"], "no repository has mochi-1-tiny: generate builds it itself"),
        (["pack", "mochi-1-preview"], "pack writes to another folder: name it with --to"),
        (["fetch", "mochi-2"], "invalid choice: 'mochi-2'"),
    ],
)
def test_wrong_words_are_named_and_nothing_is_done(words, wrong, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words, {"WEIGHTS_DIR": str(tmp_path)})

    assert 2 == ended.value.code
    assert wrong in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())
