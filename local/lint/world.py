"""All objects that would be in a cluster at once, and how that cluster is set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from local.lint.cluster import Cluster
from local.lint.thing import Thing
from local.lint.yaml_file import table


@dataclass(frozen=True, slots=True)
class World:
    things: Sequence[Thing]
    cluster: Cluster

    def every(self, kind: str, group: str = "") -> Iterator[Thing]:
        """Those of a kind; `group` is how their apiVersion begins."""
        return (each for each in self.things if each.kind == kind and each.api.startswith(group))

    def find(self, kind: str, name: str, namespace: str, group: str = "") -> Thing | None:
        found = (each for each in self.every(kind, group) if (each.name, each.namespace) == (name, namespace))
        return next(found, None)

    def functions(self) -> Iterator[Thing]:
        return self.every("Service", "serving.knative.dev/")

    def function(self, ref: Any, namespace: str) -> Thing | None:
        """The function that a `ref` leads to."""
        ref = table(ref)
        if ref.get("kind") != "Service" or not str(ref.get("apiVersion", "")).startswith("serving."):
            return None
        place = str(ref.get("namespace") or namespace)
        return self.find("Service", str(ref.get("name")), place, "serving.knative.dev/")

    def value(self, entry: Any, namespace: str) -> str | None:
        """What an environment entry says, if it is written down or in a ConfigMap of this world."""
        entry = table(entry)
        if "value" in entry:
            return str(entry["value"])
        ref = table(table(entry.get("valueFrom")).get("configMapKeyRef"))
        found = self.find("ConfigMap", str(ref.get("name")), namespace, "v1")
        value = table(found.data.get("data")).get(str(ref.get("key"))) if found else None
        return None if value is None else str(value)
