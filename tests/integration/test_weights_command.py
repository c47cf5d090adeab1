"""Weights from a hub: fetched whole or not called whole, gone on where it broke, and looked at again later."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

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

    def run(what):
        variables = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "WEIGHTS_DIR": str(tmp_path / "here")}
        variables |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "functions.generate.weights", what, "mochi-1-preview"],
            cwd=pytestconfig.rootpath,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "here/mochi-1-preview"


def test_what_a_drawing_needs_is_fetched_and_nothing_else(weights, folder, hub):
    status, said = weights("fetch")

    assert (0, True) == (status, "5 files in" in said), said
    assert {path for path in FILES if (folder / path).exists()} == WANTED
    assert all(FILES[path] == (folder / path).read_bytes() for path in WANTED)
    told = json.loads((folder / "flipbook-weights.json").read_text())
    assert ("genmo/mochi-1-preview", COMMIT) == (told["repository"], told["revision"])
    assert 0 == weights("verify")[0]


def test_a_fetch_that_breaks_goes_on_where_it_was(weights, folder, hub):
    """The client writes 10 MiB at a time, so that much may be brought twice."""
    hub.cut_after = 12_000_000
    status, said = weights("fetch")

    assert 0 == status, said
    assert FILES[LARGE] == (folder / LARGE).read_bytes()
    assert [None, "bytes=10485760-", "bytes=20971520-"] == [asked for name, asked in hub.asked if name == LARGE]


def test_a_fetch_that_was_given_up_goes_on_in_the_next_call(weights, folder, hub):
    hub.cut_after = 0
    status, said = weights("fetch")

    assert 1 == status
    assert "call it again to go on" in said
    assert not (folder / "flipbook-weights.json").exists()
    hub.cut_after = None
    assert 0 == weights("fetch")[0]


def test_a_file_that_arrives_otherwise_than_the_hub_tells_is_not_kept(weights, folder, hub):
    hub.served[LARGE] = bytes(len(FILES[LARGE]))

    status, said = weights("fetch")

    assert (1, f"not as the hub tells, and taken away: {LARGE}. Fetch again") == (status, said.strip().splitlines()[-1])
    assert not (folder / LARGE).exists()
    assert not (folder / "flipbook-weights.json").exists()
    hub.served.clear()
    assert 0 == weights("fetch")[0]
    assert FILES[LARGE] == (folder / LARGE).read_bytes()


@pytest.mark.parametrize("path", [LARGE, "transformer/config.json"])
def test_a_file_that_changed_on_the_disk_is_found(weights, folder, path):
    weights("fetch")
    data = bytearray((folder / path).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / path).write_bytes(data)

    status, said = weights("verify")

    assert (1, f"changed, cut or missing: {path}. Fetch again") == (status, said.strip())


def test_where_nothing_was_fetched_there_is_nothing_to_verify(weights):
    status, said = weights("verify")

    assert 1 == status
    assert "nothing was fetched whole" in said
