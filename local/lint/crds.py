"""Whether an object fits the CRDs of Knative's releases, where somebody has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import jsonschema
import yaml

from local.lint.finding import Fault
from local.lint.thing import Thing
from local.lint.yaml_file import LOADER

_BY_WEBHOOK: Final = {"delivery": ("timeout", "retryAfterMax")}
"""Fields that a CRD leaves to Knative's webhook: known there, and missing in the schema."""
_KEPT: Final = ("type", "enum", "pattern", "minimum", "maximum", "required")
_SERVED: Final = {"apiVersion", "kind", "metadata", "status"}
_MEND: Final = "See kubectl explain, or the CRD."

Schemas = Mapping[tuple[str, str], Any]
"""By apiVersion and kind."""


def schemas(folder: Path) -> Schemas:
    """All CRDs below a folder, made strict."""
    found = {}
    for file in sorted(folder.rglob("*.yaml")):
        spec = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)["spec"]  # noqa: S506 - a safe loader
        for version in spec["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            schema["properties"] = schema.get("properties", {}) | dict.fromkeys(_SERVED, True)
            found[key] = jsonschema.Draft202012Validator(schema)
    return found


def misfits(thing: Thing, known: Schemas) -> Iterator[Fault]:
    validator = known.get((thing.api, thing.kind))
    for error in validator.iter_errors(thing.data) if validator else ():
        at = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            unknown = sorted(set(error.instance) - set(error.schema["properties"]))
            at = (*at, *unknown[:1])
        yield Fault(at, f"{error.json_path}: {error.message}.", _MEND)


def _strict(schema: Any, name: str = "") -> Any:
    """A structural schema as JSON Schema that refuses what it does not name, as the API server's strict mode does."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    new = {key: schema[key] for key in _KEPT if key in schema}
    if "items" in schema:
        new["items"] = _strict(schema["items"])
    if properties := schema.get("properties"):
        new["properties"] = {key: _strict(value, key) for key, value in properties.items()}
        new["properties"] |= {key: {"type": "string"} for key in _BY_WEBHOOK.get(name, ())}
        new["additionalProperties"] = False
    elif isinstance(values := schema.get("additionalProperties"), dict):
        new["additionalProperties"] = _strict(values)
    elif schema.get("type") == "object":
        new["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    return new
