"""A kustomization.yaml as it stands, and all that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.lint.finding import Finding, Place
from local.lint.yaml_file import Document, Unreadable, documents, table

NAME: Final = "kustomization.yaml"
_KINDS: Final = {"Kustomization": "kustomize.config.k8s.io/v1beta1", "Component": "kustomize.config.k8s.io/v1alpha1"}
_FIELDS: Final = {
    "apiVersion", "kind", "metadata", "resources", "components", "patches", "namespace", "labels", "images",
    "configMapGenerator", "secretGenerator", "generatorOptions", "replacements", "commonAnnotations", "replicas",
    "namePrefix", "nameSuffix", "openapi", "configurations", "crds", "generators", "transformers", "buildMetadata",
}  # fmt: skip
_HARMLESS: Final = {"apiVersion", "kind", "metadata", "namespace", "labels", "resources"}
_MEND: Final = "Put it right there."


@dataclass(frozen=True, slots=True)
class Patch:
    """What one document changes: a whole object laid over another, or one operation of a list (RFC 6902)."""

    document: Document
    target: tuple[str, str]
    """Kind and name; the name is empty for all of a kind."""
    pointer: Place | None
    """Where an operation acts; None for an object."""
    index: int = 0

    def changes(self, kind: str, name: str, at: Place) -> bool:
        if self.target[0] != kind or self.target[1] not in {"", name}:
            return False
        if self.pointer is None:
            return self.document.depth(at) == len(at)
        shorter = min(len(self.pointer), len(at))
        pairs = zip(self.pointer[:shorter], at[:shorter], strict=True)
        return len(self.pointer) <= len(at) and all(a in {"-", str(b)} for a, b in pairs)

    def line(self, at: Place) -> int:
        return self.document.line(at if self.pointer is None else (self.index,))


@dataclass(frozen=True, slots=True)
class Tree:
    """One kustomization and what it names, all the way down."""

    folder: Path
    head: Document
    resources: tuple[Document, ...]
    """The objects of its own files."""
    patches: tuple[Patch, ...]
    below: tuple[Tree, ...]
    """Folders among its resources, and its components, in the order in which they are applied."""

    def every_resource(self) -> Iterator[Document]:
        for tree in self.below:
            yield from tree.every_resource()
        yield from self.resources

    def every_patch(self) -> Iterator[Patch]:
        """The last one wins."""
        for tree in self.below:
            yield from tree.every_patch()
        yield from self.patches

    def every_image(self) -> Iterator[tuple[Document, int, dict[str, Any]]]:
        """Where images are renamed: the kustomization, the place in its list, and what stands there. The last wins."""
        for tree in self.below:
            yield from tree.every_image()
        for index, each in enumerate(_list(self.head, "images")):
            yield self.head, index, table(each)

    @property
    def plain(self) -> bool:
        """Whether its objects are built as they stand, but for their namespace and labels."""
        return self.head.data.keys() <= _HARMLESS and all(tree.plain for tree in self.below)

    @property
    def namespace(self) -> str:
        """The one that is put on its objects."""
        inner = next((tree.namespace for tree in self.below if tree.namespace), "")
        return str(self.head.data.get("namespace") or inner)

    def annotations(self) -> Iterator[tuple[str, Any]]:
        """What the kustomizations say about themselves."""
        for tree in self.below:
            yield from tree.annotations()
        yield from table(table(self.head.data.get("metadata")).get("annotations")).items()


def tree(folder: Path, faults: list[Finding], above: tuple[Path, ...] = ()) -> Tree | None:
    """Read `folder`, which the folders `above` lead to.

    What is wrong with it is added to `faults`, and None comes back if it is no kustomization.
    """
    above = (*above, folder.resolve())
    try:
        heads = documents(folder / NAME)
    except Unreadable as error:
        faults.append(error.finding)
        return None
    if len(heads) != 1 or not isinstance(heads[0].data, dict):
        faults.append(Finding(folder / NAME, 1, "kustomization", "Not exactly one document.", "Keep one mapping."))
        return None
    head = heads[0]
    faults.extend(_own_faults(head))
    resources: list[Document] = []
    below: list[Tree] = []
    for field in ("resources", "components"):
        for index, name in enumerate(_list(head, field)):
            place = folder / str(name)
            kind = _kind(place)
            if kind == "folder" and place.resolve() not in above:
                inner = tree(place, faults, above)
                below += [inner] if inner else []
            elif kind == "file" and field == "resources":
                resources += _read(place, faults)
            else:
                what = f"is no {'folder' if field == 'components' else 'file or folder'} here"
                what = "leads back to the folder that names it" if kind == "folder" else what
                faults.append(
                    Finding(head.file, head.line((field, index)), "kustomization", f"{name!r} {what}.", _MEND)
                )
    return Tree(folder, head, tuple(resources), tuple(_patches(folder, head, faults)), tuple(below))


def _kind(place: Path) -> str:
    try:
        return "folder" if place.is_dir() else "file" if place.is_file() else ""
    except OSError:  # no name that a file can have
        return ""


def _own_faults(head: Document) -> Iterator[Finding]:
    def wrong(at: Place, what: str, mend: str) -> Finding:
        return Finding(head.file, head.line(at), "kustomization", what, mend)

    for name in head.data:
        if name not in _FIELDS:
            yield wrong((name,), f"kustomize knows no field {name!r}.", f"One of {', '.join(sorted(_FIELDS))}.")
    kind = str(head.data.get("kind", "Kustomization"))
    if kind not in _KINDS or head.data.get("apiVersion") != _KINDS[kind]:
        pairs = " or ".join(f"{version} {each}" for each, version in _KINDS.items())
        yield wrong(("kind",), "kustomize knows no such kind and version.", f"Write {pairs}.")


def _patches(folder: Path, head: Document, faults: list[Finding]) -> Iterator[Patch]:
    for index, entry in enumerate(_list(head, "patches")):
        where: Place = ("patches", index)
        if not isinstance(entry, dict) or not ({"path", "patch"} & entry.keys()):
            mend = "Give it a path, and a target if the file is a list of operations."
            faults.append(Finding(head.file, head.line(where), "kustomization", "A patch without content.", mend))
            continue
        file = folder / str(entry["path"]) if "path" in entry else head.file
        try:
            found = documents(file, None if "path" in entry else str(entry["patch"]))
        except Unreadable as error:
            faults.append(Finding(head.file, head.line(where), error.finding.rule, error.finding.what, _MEND))
            continue
        for document in found:
            yield from _changes(document, entry.get("target") or {})


def _changes(document: Document, target: dict[str, Any]) -> Iterator[Patch]:
    aim = (str(target.get("kind", "")), str(target.get("name", "")))
    if isinstance(document.data, list):
        for index, operation in enumerate(document.data):
            pointer = tuple(_unescaped(part) for part in str(operation.get("path", "")).split("/")[1:])
            if operation.get("op") != "test":
                yield Patch(document, aim, pointer, index)
    elif isinstance(document.data, dict):
        name = str((document.data.get("metadata") or {}).get("name", ""))
        yield Patch(document, aim if target else (str(document.data.get("kind", "")), name), None)


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _list(head: Document, field: str) -> list[Any]:
    found = head.data.get(field) or []
    return found if isinstance(found, list) else []


def _read(file: Path, faults: list[Finding]) -> list[Document]:
    try:
        found = documents(file)
    except Unreadable as error:
        faults.append(error.finding)
        return []
    for document in found:
        for line, name in document.repeated():
            what = f"{name!r} stands twice in one mapping; the last one counts."
            faults.append(Finding(file, line, "twice", what, "Keep one."))
    return found
