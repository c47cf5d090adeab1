"""A folder of manifests: its kustomization.yaml says which files and folders count, and their namespace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from local.manifests.nodes import Fields, ManifestError, Shape, Value

_NO_EFFECT: dict[str, Shape] = {
    "labels": [{"pairs": {"*": Value.text}, "includeSelectors": Value.flag, "includeTemplates": Value.flag}],
    "images": [{"name": Value.text, "newName": Value.text, "newTag": Value.text, "digest": Value.text}],
}


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a file, as it stands there."""

    value: Value
    namespace: str
    """The one that kustomize would put on it."""


def documents(folder: Path) -> Iterator[Document]:
    """All objects of the folder's resources, in their order."""
    file = folder / "kustomization.yaml"
    heads = _composed(file)
    if len(heads) != 1:
        raise ManifestError(f"{file}:1: must be exactly one document")
    fields = heads[0].fields("apiVersion", "kind", "namespace", "resources", no_effect=_NO_EFFECT)
    fields.need("apiVersion").one_of("kustomize.config.k8s.io/v1beta1")
    fields.need("kind").one_of("Kustomization")
    namespace = fields.need("namespace").text()
    for place in _resources(folder, fields):
        if place.is_dir():
            yield from (replace(document, namespace=namespace) for document in documents(place))
        else:
            yield from (Document(value, namespace) for value in _composed(place))


def _resources(folder: Path, fields: Fields) -> Iterator[Path]:
    for resource in fields.need("resources").items():
        place = folder / resource.text()
        if not place.exists():
            raise resource.error(f"there is no file {place}")
        yield place


def _composed(file: Path) -> list[Value]:
    try:
        nodes = list(yaml.compose_all(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    except FileNotFoundError:
        raise ManifestError(f"{file}:1: there is no such file") from None
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        raise ManifestError(f"{file}:1: not YAML: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ManifestError(f"{file}:{line}: not YAML: {error.problem}") from None
    return [Value(file, "", node) for node in nodes if node is not None]
