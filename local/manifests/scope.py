"""What an object may refer to: the other objects that the manifests bring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from local.manifests.nodes import Value
from local.objects import Destination

SERVICE: Final = ("serving.knative.dev/v1", "Service")
BROKER: Final = ("eventing.knative.dev/v1", "Broker")
_PATH: Final = re.compile(r"/[A-Za-z0-9._~/-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Seen from one object in `namespace`."""

    namespace: str
    names: frozenset[tuple[str, str, str]]
    """(kind, namespace, name) of every object."""
    config: Mapping[tuple[str, str], str]
    """ConfigMap values by (name, key)."""

    def must_have(self, kind: str, name: Value, namespace: str | None = None) -> str:
        """The name, if there is such an object."""
        place = namespace or self.namespace
        if (kind, place, name.text()) not in self.names:
            raise name.error(f"there is no {kind} {name.text()!r} in namespace {place!r}")
        return name.text()

    def must_be_configured(self, name: Value, key: Value) -> tuple[str, str]:
        """The name and key, if some ConfigMap has them."""
        found = self.must_have("ConfigMap", name), key.text()
        if found not in self.config:
            raise key.error(f"ConfigMap {found[0]!r} has no key {found[1]!r}")
        return found


def destination(value: Value, scope: Scope) -> Destination:
    """A `duck/v1` Destination: an object, and a path there."""
    fields = value.fields("ref", "uri")
    ref = fields.need("ref").fields("apiVersion", "kind", "name", "namespace")
    kind = ref.need("kind").one_of(SERVICE[1], BROKER[1])
    ref.need("apiVersion").one_of(*(version for version, of in (SERVICE, BROKER) if of == kind))
    other = ref.get("namespace")
    namespace = other.text() if other else scope.namespace
    name = scope.must_have(kind, ref.need("name"), namespace)
    uri = fields.get("uri")
    if uri and not _PATH.fullmatch(uri.text()):
        raise uri.error("must be a path like /dead-letters: it is resolved against the address of `ref`")
    return Destination(kind=kind, namespace=namespace, name=name, path=uri.text() if uri else "/")
