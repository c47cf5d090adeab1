"""Weights are fetched whole or not at all, and with a tokenizer that generate can load."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import sentencepiece
import torch

from functions.generate import fetch
from functions.generate.mochi import pipeline, tiny, weights
from shared.core.errors import ModelUnavailable

PROMPT = "A paper boat on a lake, in the rain."


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository as the hub has it: weights in bf16, and of the tokenizer only what sentencepiece wrote."""
    place = tmp_path_factory.mktemp("hub")
    tiny.build().to(torch.bfloat16).save_pretrained(place, safe_serialization=True, variant="bf16")
    shutil.rmtree(place / "tokenizer")
    (place / "tokenizer").mkdir()
    text = place / "text.txt"
    text.write_text("\n".join(f"{PROMPT} The boat {number} is of paper and the lake is wide." for number in range(200)))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(place / "tokenizer" / "spiece"), vocab_size=50, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2,
    )  # fmt: skip
    settings = {
        "tokenizer_class": "T5Tokenizer", "extra_ids": 0, "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>",
        "model_max_length": 256,
    }  # fmt: skip
    (place / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(settings))
    index = json.loads((place / "model_index.json").read_text())
    (place / "model_index.json").write_text(json.dumps(index | {"tokenizer": ["transformers", "T5Tokenizer"]}))
    return place


def fetched(place, source):
    return fetch.main(["mochi-1-preview", "--source", str(source)], {"WEIGHTS_DIR": str(place)})


def test_what_was_fetched_is_what_generate_loads(repository, tmp_path, capsys):
    assert 0 == fetched(tmp_path, repository)

    found = weights.folder(tmp_path, "mochi-1-preview")
    assert f"{found} is whole.\n" == capsys.readouterr().out
    modules = pipeline.load(found, torch.device("cpu"))
    theirs = sentencepiece.SentencePieceProcessor(model_file=str(repository / "tokenizer" / "spiece.model"))
    ids, mask = modules.words(PROMPT)
    assert [*theirs.encode(PROMPT), 1] == ids[mask].tolist()
    assert ["mochi-1-preview"] == [each.name for each in tmp_path.iterdir()]


def test_weights_that_are_there_are_not_fetched_again(repository, tmp_path, capsys):
    assert 0 == fetched(tmp_path, repository)
    capsys.readouterr()

    assert 0 == fetched(tmp_path, tmp_path)

    assert f"{tmp_path / 'mochi-1-preview'} is there.\n" == capsys.readouterr().out


def test_a_fetch_that_fails_leaves_nothing_that_looks_like_weights(tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    assert 1 == fetched(tmp_path, tmp_path / "empty")

    assert "was not fetched" in capsys.readouterr().err
    with pytest.raises(ModelUnavailable):
        weights.folder(tmp_path, "mochi-1-preview")


def test_a_source_that_cannot_be_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        fetched(tmp_path, tmp_path / "nowhere")

    assert 2 == ended.value.code
    assert "is neither a folder nor a repository like owner/name" in capsys.readouterr().err


def test_what_a_killed_fetch_left_is_thrown_away(repository, tmp_path):
    part = tmp_path / ".mochi-1-preview.part"
    (part / "transformer").mkdir(parents=True)
    (part / "transformer" / "config.json").write_text("half")

    assert 0 == fetched(tmp_path, repository)

    assert not part.exists()
    pipeline.load(weights.folder(tmp_path, "mochi-1-preview"), torch.device("cpu"))


def test_a_hub_that_does_not_answer_is_a_failure_that_may_pass(tmp_path):
    """Nobody listens on the discard port."""
    environ = os.environ | {"WEIGHTS_DIR": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "functions.generate.fetch", "mochi-1-preview", "--revision", "main"]

    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)

    assert 1 == done.returncode
    assert "genmo/mochi-1-preview was not fetched" in done.stderr
    assert "Traceback" not in done.stderr
