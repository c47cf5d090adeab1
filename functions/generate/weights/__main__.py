"""Bring a model's weights to where generate looks for them, hold them against their digests, and pack them.

    python -m functions.generate.weights fetch mochi-1-preview [--revision COMMIT] [--source REPOSITORY]
    python -m functions.generate.weights verify mochi-1-preview
    python -m functions.generate.weights pack mochi-1-preview --to FOLDER

They lie in WEIGHTS_DIR, a folder for each model, which gets its name when it is whole: no GPU ever loads half of it.
What was cut goes on where it was; what is there stays, and fetch looks at its sizes alone. Exit status: 0 it is done;
1 it is not, and the sentence says why; 2 wrong words.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from functions.generate.mochi import weights
from functions.generate.weights import glance, manifest
from functions.generate.weights.manifest import Broken
from shared.core.catalog import CATALOG
from shared.core.errors import ModelUnavailable
from shared.settings import BadSetting, Settings

REPOSITORIES: Final = {"mochi-1-preview": "genmo/mochi-1-preview"}
_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+")


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Do what `words` say; by default those of the process, in its environment."""
    parser = _parser()
    asked = parser.parse_args(words)
    if asked.what == "fetch" and not asked.source and asked.model not in REPOSITORIES:
        parser.error(f"no repository has {asked.model}: generate builds it itself, or name one with --source")
    if asked.what == "pack" and not asked.to:
        parser.error("pack writes to another folder: name it with --to")
    does: dict[str, Callable[[argparse.Namespace, Path], str]] = {"fetch": _fetch, "verify": _verify, "pack": _pack}
    try:
        return _said(does[asked.what](asked, Settings.from_env(environ).weights_dir), 0)
    except (Broken, BadSetting, ModelUnavailable) as error:
        return _said(str(error), 1)
    except OSError as error:  # no space, no network: huggingface_hub's errors are of this kind
        return _said(f"{type(error).__name__}: {error}. What is done stays: call it again to go on", 1)


def _fetch(asked: argparse.Namespace, place: Path) -> str:
    target = place / asked.model
    if glance.is_there(place, asked.model):
        return glance.told(target, asked.source, asked.revision)
    from functions.generate.weights import hub  # a second

    hub.fetch(asked.source or REPOSITORIES[asked.model], asked.revision, target)
    return f"{weights.folder(place, asked.model)} is whole: {len(manifest.Manifest.read(target).files)} files."


def _verify(asked: argparse.Namespace, place: Path) -> str:
    folder = place / asked.model
    return f"{manifest.verify(folder)} files in {folder} are as they were written."


def _pack(asked: argparse.Namespace, place: Path) -> str:
    from functions.generate.weights.pack import pack  # it needs torch, and a fetch does not

    pack(weights.folder(place, asked.model), asked.to / asked.model)
    return f"{asked.to / asked.model} is whole: {manifest.verify(asked.to / asked.model)} files."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m functions.generate.weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("fetch", "verify", "pack"))
    parser.add_argument("model", choices=sorted(CATALOG))
    parser.add_argument("--source", type=_source, help="fetch: another repository of the hub, or a folder like one")
    parser.add_argument("--revision", help="fetch: a commit, branch or tag of the repository; by default its main one")
    parser.add_argument("--to", type=Path, help="pack: the folder in which the model's own is made")
    return parser


def _source(text: str) -> str:
    if not Path(text).is_dir() and not _REPOSITORY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a folder nor a repository like owner/name")
    return text


def _said(sentence: str, status: int) -> int:
    (sys.stderr if status else sys.stdout).write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
