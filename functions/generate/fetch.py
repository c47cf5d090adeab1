"""Brings a model's weights to where generate looks for them: `python -m functions.generate.fetch mochi-1-preview`.

Reads WEIGHTS_DIR. What is downloaded is kept beside until all of it is there, so a second try goes on where the first
broke off. The model's folder gets its name in one step, when it is whole: no GPU ever loads half of it. Exit status: 0
it is there; 1 it is not, and the same command may succeed later; 2 wrong words.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from functions.generate.mochi import weights
from shared.core.catalog import CATALOG
from shared.core.errors import ModelUnavailable
from shared.settings import Settings

HUB: Final = ".hub"
"""Below the weights: what was downloaded so far."""
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Do what `words` say; by default those of the process, in its environment."""
    given = _parser().parse_args(words)
    place = Settings.from_env(environ).weights_dir
    try:
        found = weights.folder(place, given.model)
    except ModelUnavailable:
        pass
    else:
        return _said(f"{found} is there.", 0)
    source = given.source or f"{CATALOG[given.model].owned_by}/{given.model}"
    try:
        _fetch(source, given.revision, place, place / given.model)
    except OSError as error:  # no space, no network: huggingface_hub's and diffusers' errors are of this kind
        return _said(f"{source} was not fetched: {error}", 1)
    return _said(f"{weights.folder(place, given.model)} is whole.", 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m functions.generate.fetch", description=__doc__)
    parser.add_argument("model", choices=sorted(CATALOG))
    parser.add_argument(
        "--source", type=_source, help="a repository of the hub, or a folder; by default the model's own"
    )
    parser.add_argument("--revision", help="its commit, tag or branch")
    return parser


def _source(text: str) -> str:
    if not Path(text).is_dir() and not _REPOSITORY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a folder nor a repository like owner/name")
    return text


def _fetch(source: str, revision: str | None, place: Path, target: Path) -> None:
    """Download, and write what diffusers writes: in bfloat16, and with a tokenizer that needs no sentencepiece."""
    import torch
    from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline

    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    pipe = MochiPipeline.from_pretrained(
        source,
        revision=revision,
        variant="bf16",
        dtype=torch.bfloat16,
        cache_dir=place / HUB,
        use_safetensors=True,
    )
    pipe.save_pretrained(part, safe_serialization=True)
    part.rename(target)
    shutil.rmtree(place / HUB, ignore_errors=True)


def _said(sentence: str, status: int) -> int:
    (sys.stderr if status else sys.stdout).write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
