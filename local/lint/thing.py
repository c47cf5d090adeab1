"""An object as a cluster gets it, which still knows the files that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.lint.finding import Fault, Finding, Place
from local.lint.kustomization import Patch, Tree
from local.lint.yaml_file import Document, table

SERVING: Final = "knative-serving"
EVENTING: Final = "knative-eventing"
SYSTEMS: Final = frozenset({SERVING, EVENTING, "kourier-system"})
"""Namespaces of the platform below ours: we bring no object there, and change some."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object."""

    data: dict[str, Any]
    source: Document
    """Where it was written, or at least is named."""
    patches: Sequence[Patch] = field(default=())
    """What may have changed it on the way; the last wins."""
    images: Sequence[tuple[Document, int, dict[str, Any]]] = field(default=())
    """Where images may have got other names; the last wins."""

    @property
    def api(self) -> str:
        return str(self.data.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        return str(self.data.get("kind", ""))

    @property
    def name(self) -> str:
        return str(self.head.get("name", ""))

    @property
    def namespace(self) -> str:
        return str(self.head.get("namespace", ""))

    @property
    def head(self) -> dict[str, Any]:
        return table(self.data.get("metadata"))

    @property
    def spec(self) -> dict[str, Any]:
        return table(self.data.get("spec"))

    @property
    def annotations(self) -> dict[str, Any]:
        return table(self.head.get("annotations"))

    @property
    def is_function(self) -> bool:
        """Whether it is a Service of Knative, and not one of Kubernetes."""
        return self.kind == "Service" and self.api.startswith("serving.knative.dev/")

    @property
    def is_partial(self) -> bool:
        """Whether it is laid over an object that the cluster has already (server-side apply)."""
        return self.namespace in SYSTEMS

    def get(self, *at: str | int) -> Any:
        """The value there, or None."""
        return reach(self.data, at)

    def finding(self, rule: str, fault: Fault) -> Finding:
        file, line = self.place(fault.at)
        return Finding(file, line, rule, f"{self.kind} {self.name}: {fault.what}", fault.mend)

    def place(self, at: Place) -> tuple[Path, int]:
        """The file and line that decided what stands at `at`."""
        if at and at[-1] == "image" and (renamed := self._renamed(str(self.get(*at)))):
            return renamed
        for patch in reversed(self.patches):
            if patch.changes(self.kind, self.name, at):
                return patch.document.file, patch.line(at)
        return self.source.file, self.source.line(at)

    def _renamed(self, image: str) -> tuple[Path, int] | None:
        """Where an image got the name that it has."""
        for document, index, entry in reversed(self.images):
            name = str(entry.get("newName") or entry.get("name"))
            if image.partition("@")[0] in {name, f"{name}:{entry.get('newTag')}"}:
                return document.file, document.line(("images", index))
        return None


def as_written(document: Document, namespace: str) -> Thing | None:
    """The object of a source file, with the namespace that kustomize would put on it."""
    if not isinstance(document.data, dict):
        return None
    data = dict(document.data)
    head = dict(table(data.get("metadata")))
    if namespace and data.get("kind") != "Namespace":
        head["namespace"] = namespace
    return Thing(data | {"metadata": head}, document)


def as_built(data: dict[str, Any], whole: Tree) -> Thing:
    """An object that kubectl built of `whole`."""
    name = table(data.get("metadata")).get("name")
    sources = [
        each
        for each in whole.every_resource()
        if isinstance(each.data, dict)
        and (each.data.get("kind"), each.data.get("apiVersion")) == (data.get("kind"), data.get("apiVersion"))
        and table(each.data.get("metadata")).get("name") == name
    ]
    source = sources[0] if sources else whole.head
    return Thing(data, source, tuple(whole.every_patch()), tuple(whole.every_image()))


def reach(data: Any, at: Place) -> Any:
    for step in at:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
