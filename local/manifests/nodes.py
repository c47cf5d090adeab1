"""YAML that knows where it stands: every value can say file:line and its path in what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]*")
_TEXT: Final = "tag:yaml.org,2002:str"
_INT: Final = "tag:yaml.org,2002:int"
_BOOL: Final = "tag:yaml.org,2002:bool"
_NULL: Final = "tag:yaml.org,2002:null"

_NOTHING: Final[Mapping[str, Shape]] = {}


class ManifestError(ValueError):
    """A manifest says something wrong, or something that is not played on one machine: `file:line: path: what`."""


@dataclass(frozen=True, slots=True)
class Value:
    """One place in a file."""

    file: Path
    path: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return int(self.node.start_mark.line) + 1

    def error(self, message: str) -> ManifestError:
        return ManifestError(f"{self.file}:{self.line}: {self.path or 'document'}: {message}")

    def text(self) -> str:
        if self.node.tag != _TEXT or not isinstance(self.node, yaml.ScalarNode):
            raise self.error("must be a string" + (": quote it" if isinstance(self.node, yaml.ScalarNode) else ""))
        return str(self.node.value)

    def whole(self, least: int = 0, most: int = 2**31 - 1) -> int:
        text = self.node.value if isinstance(self.node, yaml.ScalarNode) and self.node.tag == _INT else ""
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise self.error(f"must be a whole number from {least} to {most}, unquoted")
        return int(text)

    def flag(self) -> bool:
        if self.node.tag != _BOOL or self.node.value not in {"true", "false"}:
            raise self.error("must be true or false, unquoted")
        return bool(self.node.value == "true")

    def amount(self) -> str:
        """A Kubernetes quantity: `100m`, `"4"`, `16Gi`; its meaning is the cluster's business."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag in {_TEXT, _INT}:
            return str(self.node.value)
        raise self.error("must be a quantity like 100m or 16Gi")

    def one_of(self, *allowed: str) -> str:
        text = self.text()
        if text not in allowed:
            raise self.error(f"{text!r} is not one of {', '.join(allowed)}")
        return text

    def items(self) -> list[Value]:
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error("must be a list")
        return [Value(self.file, f"{self.path}[{index}]", node) for index, node in enumerate(self.node.value)]

    def names(self) -> dict[str, Value]:
        """Where the names of a mapping stand."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("must be a mapping")
        found: dict[str, Value] = {}
        for node, _ in self.node.value:
            name = Value(self.file, f"{self.path}: the name of a field", node).text()
            key = Value(self.file, f"{self.path}.{name}" if self.path else name, node)
            if name in found:
                raise key.error(f"stands here twice, first on line {found[name].line}")
            found[name] = key
        return found

    def table(self) -> dict[str, Value]:
        """A mapping of any names."""
        names = self.names()
        values = {}
        for (name, key), (_, node) in zip(names.items(), self.node.value, strict=True):
            if node.tag == _NULL:
                raise key.error("has no value")
            values[name] = Value(self.file, key.path, node)
        return values

    def fields(self, *acted_on: str, no_effect: Mapping[str, Shape] = _NOTHING) -> Fields:
        """A mapping of known names: those that are acted on, and those that change nothing on one machine."""
        known = {*acted_on, *no_effect}
        for name, key in self.names().items():
            if name not in known:
                raise key.error(f"not played on one machine; known here: {', '.join(sorted(known)) or 'nothing'}")
        values = self.table()
        for name in values.keys() & no_effect.keys():
            check(values[name], no_effect[name])
        return Fields(self, {name: values[name] for name in acted_on if name in values})


Shape = Mapping[str, "Shape"] | list["Shape"] | Callable[[Value], object]
"""What a part without effect may look like: names, a list of one kind of item, or a check of one value.

The name `*` stands for any.
"""


def check(value: Value, shape: Shape) -> None:
    """Raises: ManifestError, where `value` does not have `shape`."""
    if isinstance(shape, list):
        for item in value.items():
            check(item, shape[0])
    elif not isinstance(shape, Mapping):
        shape(value)
    elif "*" in shape:
        for inner in value.table().values():
            check(inner, shape["*"])
    else:
        value.fields(no_effect=shape)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one mapping that are acted on."""

    owner: Value
    values: Mapping[str, Value]

    def get(self, name: str) -> Value | None:
        return self.values.get(name)

    def need(self, name: str) -> Value:
        if name not in self.values:
            raise self.owner.error(f"lacks {name!r}")
        return self.values[name]
