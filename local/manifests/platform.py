"""Folders of manifests in, the objects that one machine plays out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.manifests import eventing
from local.manifests.folder import Document, documents
from local.manifests.metadata import metadata
from local.manifests.nodes import Shape, Value
from local.manifests.scope import BROKER, SERVICE, Scope
from local.manifests.service import service
from local.objects import Platform

_CONFIG: Final = ("v1", "ConfigMap")
_NAMESPACE: Final = ("v1", "Namespace")
_TRIGGER: Final = ("eventing.knative.dev/v1", "Trigger")
_PING: Final = ("sources.knative.dev/v1", "PingSource")
_EVENT_TYPE: Final = ("eventing.knative.dev/v1beta3", "EventType")
_KINDS: Final = (_NAMESPACE, _CONFIG, SERVICE, BROKER, _TRIGGER, _PING, _EVENT_TYPE)
_TYPED: Final[Mapping[str, Shape]] = {"apiVersion": Value.text, "kind": Value.text}


@dataclass(frozen=True, slots=True)
class _Object:
    kind: tuple[str, str]
    name: Value
    document: Document

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.kind[1], self.document.namespace, self.name.text())


def read(*folders: Path) -> Platform:
    """All objects of the folders, which may refer to each other.

    Raises:
        ManifestError: With file:line, for whatever is wrong, unknown, or not played on one machine.
    """
    objects = [_recognised(document) for folder in folders for document in documents(folder)]
    names = _unique(objects)
    config = {pair: text for each in objects if each.kind == _CONFIG for pair, text in _config(each).items()}
    for each in objects:
        if each.kind == _NAMESPACE:
            _namespace(each)
        elif each.kind == _EVENT_TYPE:
            _event_type(each)

    def those(kind: tuple[str, str]) -> Sequence[tuple[Value, Scope]]:
        return [
            (each.document.value, Scope(namespace=each.document.namespace, names=names, config=config))
            for each in objects
            if each.kind == kind
        ]

    return Platform(
        services=[service(*each) for each in those(SERVICE)],
        brokers=[eventing.broker(*each) for each in those(BROKER)],
        triggers=[eventing.trigger(*each) for each in those(_TRIGGER)],
        pings=[eventing.ping(*each) for each in those(_PING)],
        config=config,
    )


def _recognised(document: Document) -> _Object:
    top = document.value.table()
    for name in ("apiVersion", "kind", "metadata"):
        if name not in top:
            raise document.value.error(f"lacks {name!r}")
    kind = (top["apiVersion"].text(), top["kind"].text())
    if kind not in _KINDS:
        known = ", ".join(" ".join(each) for each in _KINDS)
        raise top["kind"].error(f"{' '.join(kind)} is not played on one machine; known here: {known}")
    head = top["metadata"].table()
    if "name" not in head:
        raise top["metadata"].error("lacks 'name'")
    return _Object(kind, head["name"], document)


def _unique(objects: Sequence[_Object]) -> frozenset[tuple[str, str, str]]:
    found: dict[tuple[str, str, str], _Object] = {}
    for each in objects:
        if first := found.get(each.key):
            where = f"{first.name.file}:{first.name.line}"
            raise each.name.error(f"{each.kind[1]} {each.name.text()!r} stands at {where} already")
        found[each.key] = each
    return frozenset(found)


def _config(found: _Object) -> dict[tuple[str, str], str]:
    fields = found.document.value.fields("metadata", "data", no_effect=_TYPED)
    name = metadata(fields.need("metadata"), found.document.namespace).name
    data = fields.get("data")
    return {(name, key): value.text() for key, value in data.table().items()} if data else {}


def _event_type(found: _Object) -> None:
    """Tells people which events there are; nothing is done with it, on a cluster neither."""
    reference = dict.fromkeys(("apiVersion", "kind", "name", "namespace"), Value.text)
    attribute = {"name": Value.text, "required": Value.flag, "value": Value.text}
    spec: Shape = {"description": Value.text, "reference": reference, "attributes": [attribute]}
    fields = found.document.value.fields("metadata", no_effect={**_TYPED, "spec": spec})
    metadata(fields.need("metadata"), found.document.namespace)


def _namespace(found: _Object) -> None:
    head = found.document.value.fields("metadata", no_effect=_TYPED).need("metadata")
    if metadata(head, found.document.namespace).name != found.document.namespace:
        raise found.name.error(f"kustomization.yaml says {found.document.namespace!r}")
