"""What every object carries: its name, labels and annotations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from local.manifests.nodes import Shape, Value

LABELS: Final = re.compile(r"app\.kubernetes\.io/[a-z-]+")
"""Labels that only tell people something."""
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Metadata:
    name: str
    labels: Mapping[str, Value]
    """Those that are acted on."""
    annotations: Mapping[str, Value]


def metadata(
    value: Value, namespace: str, *, labels: set[str] | None = None, annotations: dict[str, Shape | None] | None = None
) -> Metadata:
    """Read the `metadata` of an object.

    Args:
        value: The mapping under `metadata`.
        namespace: The one it is in; a different one in the file would be overwritten by kustomize.
        labels: Those that are acted on.
        annotations: Those that are known: with None acted on, with a shape without effect.
    """
    fields = value.fields("name", "namespace", "labels", "annotations")
    name = fields.need("name")
    if not _NAME.fullmatch(name.text()):
        raise name.error("must be lower case letters, digits and dashes, 63 at most")
    if (own := fields.get("namespace")) and own.text() != namespace:
        raise own.error(f"kustomization.yaml says {namespace!r}")
    return Metadata(
        name.text(),
        read_labels(fields.get("labels"), labels or set()),
        read_annotations(fields.get("annotations"), annotations or {}),
    )


def read_labels(value: Value | None, acted_on: set[str]) -> dict[str, Value]:
    """The labels that are acted on; others must be of the kind that only tells people something."""
    if value is None:
        return {}
    plain: dict[str, Shape] = {name: Value.text for name in value.names() if LABELS.fullmatch(name)}
    return dict(value.fields(*acted_on, no_effect=plain).values)


def read_annotations(value: Value | None, known: Mapping[str, Shape | None]) -> dict[str, Value]:
    """The annotations that are acted on; all must be strings, as Kubernetes demands."""
    if value is None:
        return {}
    for annotation in value.table().values():
        annotation.text()
    acted_on = [name for name, shape in known.items() if shape is None]
    no_effect = {name: shape for name, shape in known.items() if shape is not None}
    return dict(value.fields(*acted_on, no_effect=no_effect).values)
