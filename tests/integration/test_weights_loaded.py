"""What was fetched and what was packed is what generate loads: the same weights, and a tokenizer without sentencepiece."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sentencepiece
import torch
from safetensors.torch import load_file
from transformers import T5TokenizerFast

from functions.generate.mochi import direct, pipeline, reading, tiny, weights
from functions.generate.weights.__main__ import main
from functions.generate.weights.manifest import NAME

CPU = torch.device("cpu")
MODEL = "mochi-1-preview"
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


def run(what, place, *more):
    return main([what, MODEL, *map(str, more)], {"WEIGHTS_DIR": str(place)})


@pytest.fixture(scope="module")
def fetched(repository, tmp_path_factory):
    place = tmp_path_factory.mktemp("weights")
    assert 0 == run("fetch", place, "--source", repository)
    return place


def test_its_tokenizer_cuts_a_text_as_sentencepiece_and_transformers_do(repository, fetched):
    found = weights.folder(fetched, MODEL)

    words = pipeline.load(found, CPU).words

    theirs = sentencepiece.SentencePieceProcessor(model_file=str(repository / "tokenizer" / "spiece.model"))
    stock = T5TokenizerFast.from_pretrained(repository / "tokenizer")
    for text in (PROMPT, "", "  The lake, wide.\n", "x" * 900):
        ids, mask = words(text)
        assert [*theirs.encode(text), 1][:255] == ids[mask].tolist()[:255]
        assert stock([text], padding="max_length", max_length=256, truncation=True).input_ids == ids.tolist()


def test_a_repository_with_another_tokenizer_is_refused_and_named(repository, tmp_path, capsys):
    shutil.copytree(repository, tmp_path / "source")
    (tmp_path / "source" / "tokenizer" / "spiece.model").unlink()

    assert 1 == run("fetch", tmp_path, "--source", tmp_path / "source")

    assert "tokenizer.json cannot be made of tokenizer/spiece.model" in capsys.readouterr().err
    assert not (tmp_path / MODEL).exists()


@pytest.mark.parametrize("left", [b"", b"damaged"])
def test_a_tokenizer_that_is_cut_is_refused(repository, tmp_path, capsys, left):
    shutil.copytree(repository, tmp_path / "source")
    (tmp_path / "source" / "tokenizer" / "spiece.model").write_bytes(left)

    assert 1 == run("fetch", tmp_path, "--source", tmp_path / "source")

    assert "tokenizer.json cannot be made of tokenizer/spiece.model" in capsys.readouterr().err


def test_a_folder_without_a_model_is_no_source(tmp_path, capsys):
    (tmp_path / "empty").mkdir()

    assert 1 == run("fetch", tmp_path, "--source", tmp_path / "empty")

    assert "has no model of diffusers" in capsys.readouterr().err


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_was_packed_is_one_file_for_each_component_and_no_encoder(fetched, tmp_path, capsys):
    assert 0 == run("pack", fetched, "--to", tmp_path)

    packed = tmp_path / MODEL
    assert f"{packed} is whole: 10 files.\n" == capsys.readouterr().out
    assert [
        "text_encoder/model.safetensors",
        "transformer/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ] == [path for path in files(packed) if path.endswith(".safetensors")]
    assert [packed.name] == [path.name for path in tmp_path.iterdir()]
    told = [json.loads((each / "flipbook-weights.json").read_text()) for each in (fetched / MODEL, packed)]
    assert told[0]["repository"] == told[1]["repository"]
    assert {64} == {len(each["digest"]) for each in told[1]["files"]}
    assert 0 == run("verify", tmp_path)
    kept = load_file(packed / "vae/diffusion_pytorch_model.safetensors")
    assert [] == [name for name in kept if not name.startswith("decoder.")]
    for part in weights.COMPONENTS:
        [file] = weights.files(packed / part)
        assert direct.names(packed / part) == [entry.name for entry in reading.entries(file)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_packed_is_loaded_as_the_same_bits(fetched, tmp_path, dtype):
    run("pack", fetched, "--to", tmp_path)

    for part in weights.COMPONENTS:
        one, other = (getattr(direct, part)(place / MODEL / part, CPU, dtype) for place in (fetched, tmp_path))
        mine, theirs = dict(one.named_parameters()), dict(other.named_parameters())
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(each, theirs[name]) for name, each in mine.items())


def test_float32_is_rounded_as_from_pretrained_rounds_it(tmp_path, capsys):
    """Weights that were put there by hand, as diffusers saves them, without a manifest."""
    tiny.ensure(tmp_path / "given")
    (tmp_path / "given" / tiny.NAME).rename(tmp_path / "given" / MODEL)

    assert 0 == run("pack", tmp_path / "given", "--to", tmp_path / "packed")

    for part in weights.COMPONENTS:
        one, other = (
            getattr(direct, part)(tmp_path / place / MODEL / part, CPU, torch.bfloat16) for place in ("given", "packed")
        )
        theirs = dict(other.named_parameters())
        assert all(torch.equal(each, theirs[name]) for name, each in one.named_parameters())
    size = {
        place: sum(p.stat().st_size for p in (tmp_path / place).rglob("*.safetensors")) for place in ("given", "packed")
    }
    assert size["packed"] < size["given"] / 2


KILLED = """
import os, sys
import functions.generate.weights.pack as pack
from pathlib import Path

def die(event, args):
    if event == "os.rename" and str(args[1]).endswith(sys.argv[3]):
        os._exit(9)

sys.addaudithook(die)
pack.pack(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("at", "written"),
    [("model.safetensors", 0), ("diffusion_pytorch_model.safetensors", 1), ("flipbook-weights.json", 3), (MODEL, 3)],
)
def test_a_packing_that_is_killed_leaves_no_model_and_goes_on(fetched, tmp_path, at, written, pytestconfig):
    command = [sys.executable, "-c", KILLED, str(fetched / MODEL), str(tmp_path / MODEL), at]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, env=os.environ, capture_output=True, timeout=120)
    assert 9 == done.returncode, done.stderr
    assert not (tmp_path / MODEL).exists()
    part = tmp_path / f".{MODEL}.packing"
    kept = {path: path.stat().st_ino for path in part.rglob("*.safetensors")}

    assert 0 == run("pack", fetched, "--to", tmp_path)

    assert 0 == run("verify", tmp_path)
    assert written == len(kept)
    assert kept == {path: (tmp_path / MODEL / path.relative_to(part)).stat().st_ino for path in kept}
    for part in weights.COMPONENTS:
        getattr(direct, part)(tmp_path / MODEL / part, CPU, torch.float32)


def test_what_is_left_of_packing_other_weights_is_thrown_away(fetched, tmp_path):
    part = tmp_path / f".{MODEL}.packing"
    (part / "transformer").mkdir(parents=True)
    part.with_name(f"{part.name}-of").write_text("others")
    (part / "transformer" / "diffusion_pytorch_model.safetensors").write_text("old")

    assert 0 == run("pack", fetched, "--to", tmp_path)

    direct.transformer(tmp_path / MODEL / "transformer", CPU, torch.float32)


def test_nothing_is_packed_over_what_is_there_nor_out_of_half_a_model(fetched, tmp_path, capsys):
    run("pack", fetched, "--to", tmp_path)
    assert 1 == run("pack", fetched, "--to", tmp_path)
    assert f"{tmp_path / MODEL} is there already" in capsys.readouterr().err

    shutil.copytree(fetched / MODEL, tmp_path / "half" / MODEL)
    (tmp_path / "half" / MODEL / NAME).unlink()
    [file] = (tmp_path / "half" / MODEL / "transformer").glob("*.safetensors")
    file.unlink()
    assert 1 == run("pack", tmp_path / "half", "--to", tmp_path / "other")
    assert "transformer lacks pos_frequencies" in capsys.readouterr().err
    assert not (tmp_path / "other" / MODEL).exists()


@pytest.mark.parametrize("words", [["pack", "--to"], ["fetch", "--source"]], ids=lambda words: words[0])
def test_what_changed_since_it_was_fetched_does_not_become_another_model(fetched, tmp_path, capsys, words):
    """Which would be sound by its own digests."""
    changed = tmp_path / "changed" / MODEL
    shutil.copytree(fetched / MODEL, changed)
    [file] = (changed / "transformer").glob("*.safetensors")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)

    what, word = words
    place, other = (changed.parent, tmp_path / "other") if what == "pack" else (tmp_path / "other", changed)
    assert 1 == run(what, place, word, other)

    told = f"changed, cut or missing: transformer/{file.name}. Take {changed} away and fetch again\n"
    assert told == capsys.readouterr().err
    assert not (tmp_path / "other" / MODEL).exists()


def test_nobody_needs_sentencepiece_when_a_model_is_loaded(fetched):
    """Not even where it could be had."""
    told = "import sys; sys.modules['sentencepiece'] = sys.modules['google.protobuf'] = None\n"
    told += "from functions.generate.mochi import pipeline; import torch; from pathlib import Path\n"
    told += "print(pipeline.load(Path(sys.argv[1]), torch.device('cpu')).words('a boat')[0].shape)"
    done = subprocess.run(
        [sys.executable, "-c", told, str(fetched / MODEL)], capture_output=True, text=True, timeout=120,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip

    assert ("torch.Size([1, 256])\n", 0) == (done.stdout, done.returncode), done.stderr
