"""Weights from the hub, or from a folder that has them as the hub does: whole under their name, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx2
from huggingface_hub import HfApi, snapshot_download

from functions.generate.weights.manifest import NAME, Broken, File, Manifest, damaged, verify

WANTED: Final = ("model_index.json", "scheduler/", "text_encoder/", "tokenizer/", "transformer/", "vae/")
TOKENIZER: Final = "tokenizer/tokenizer.json"
_WORDS: Final = "A paper boat, on 2 lakes; in the rain."


def fetch(source: str, revision: str | None, target: Path) -> None:
    """All files that a drawing needs, in bfloat16 where the source has that.

    They are gathered beside `target`, which gets its name when all of them are sound. What a try left, the next uses.
    Half a model under that name is gone on from, or gives way to the whole one.

    Raises:
        Broken: A file arrived otherwise than the hub tells; it is taken away, and a further fetch brings it anew.
        OSError: There is no room, or no answer.
    """
    part = target.with_name(f".{target.name}.part")
    if target.exists() and not part.exists():
        target.rename(part)  # half a model, of a version that fetched in place
    in_the_way = target.exists()  # half a model too, beside what another try left
    part.mkdir(parents=True, exist_ok=True)
    try:
        told = _copied(Path(source), part) if Path(source).is_dir() else _downloaded(source, revision, part)
    except httpx2.HTTPError as error:  # some of them are OSErrors, and some are not
        raise ConnectionError(f"{type(error).__name__}: {error}") from None
    if TOKENIZER not in {file.path for file in told.files}:
        _write_tokenizer(part)
        told = replace(told, files=(*told.files, File.of(part, TOKENIZER)))
    _clear(part, {file.path for file in told.files})
    told.write(part)
    if in_the_way:
        shutil.rmtree(target)
    part.rename(target)


def _clear(part: Path, wanted: set[str]) -> None:
    """Take away what is of another revision, or of the hub's client."""
    shutil.rmtree(part / ".cache", ignore_errors=True)
    for path in [path for path in part.rglob("*") if path.is_file()]:
        if str(path.relative_to(part)) not in wanted:
            path.unlink()


def _downloaded(repository: str, revision: str | None, part: Path) -> Manifest:
    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    wanted = tuple(
        File(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else each.blob_id or "")
        for each in _wanted(info.siblings or (), lambda each: each.rfilename)
    )
    if not wanted:
        raise Broken(f"{repository} has no model of diffusers")
    snapshot_download(repository, revision=info.sha, local_dir=part, allow_patterns=[file.path for file in wanted])
    wrong = damaged(part, wanted)
    for path in wrong:
        (part / path).unlink(missing_ok=True)
    if wrong:
        raise Broken(f"not as the hub tells, and taken away: {', '.join(wrong)}. Fetch again")
    return Manifest(repository=repository, revision=info.sha, files=wanted)


def _copied(source: Path, part: Path) -> Manifest:
    if (source / NAME).exists():
        verify(source)
    found = sorted(str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
    wanted = list(_wanted(found, str))
    if not wanted:
        raise Broken(f"{source} has no model of diffusers")
    files = tuple(File.of(source, path) for path in wanted)
    for file in files:
        if not file.is_sound(part):
            (part / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file.path, part / file.path)
    if wrong := damaged(part, files):
        raise Broken(f"changed while it was copied: {', '.join(wrong)}. Fetch again")
    return Manifest(repository=str(source), revision=None, files=files)


def _wanted(siblings: Iterable[Any], name: Any) -> Iterator[Any]:
    found = [(name(each), each) for each in siblings if name(each).startswith(WANTED)]
    halved = {path.partition("/")[0] for path, _ in found if ".bf16" in path}
    for path, each in found:
        component = path.partition("/")[0]
        weights = path.endswith((".safetensors", ".safetensors.index.json"))
        if path.endswith((".bin", ".ckpt", ".pt")) or (weights and component in halved and ".bf16" not in path):
            continue
        yield each


def _write_tokenizer(part: Path) -> None:
    """Once, so that nobody needs sentencepiece when a video is drawn.

    Raises: Broken: What lies in tokenizer/ is none of T5.
    """
    import sentencepiece
    from transformers import T5TokenizerFast  # seconds

    pieces = part / "tokenizer" / "spiece.model"
    if not pieces.is_file() or not pieces.stat().st_size:
        raise Broken(f"tokenizer.json cannot be made of {pieces.relative_to(part)}: there is none, or nothing in it")
    try:
        theirs = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
        made: Any = T5TokenizerFast.from_pretrained(pieces.parent, local_files_only=True)
        expected, found = [*theirs.encode(_WORDS), theirs.eos_id()], made.backend_tokenizer.encode(_WORDS).ids
    except (OSError, RuntimeError, ValueError, ImportError) as error:
        raise Broken(f"tokenizer.json cannot be made of {pieces.relative_to(part)}: {error}") from None
    if expected != found:  # transformers makes an empty one where it does not find what it looks for
        raise Broken(f"the tokenizer.json made of {pieces.relative_to(part)} cuts a text otherwise than it")
    beside = part / f"{TOKENIZER}.part"
    made.backend_tokenizer.save(str(beside))
    beside.rename(part / TOKENIZER)
