"""Whether an object has the fields that its kind knows, each of the right type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from local.lint.finding import Fault, Place
from local.lint.shapes import fields_of, lacking, shape_of
from local.lint.thing import Thing
from local.lint.world import World

_LIST: Final = re.compile(r"list\[(.+)\]")
_DICT: Final = re.compile(r"dict[\[(]str, (.+)[\])]")
_QUANTITY: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[kMGTPE]|[KMGTPE]i|[numk]|[eE][+-]?\d+)?")
"""apimachinery's resource.Quantity."""
_BY_KNATIVE: Final[frozenset[str]] = frozenset({"port"})
"""A probe of a function needs no port: Knative puts the container's."""
_AMOUNTS: Final = {"limits", "requests", "capacity"}
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "str": (str,), "int": (int,), "bool": (bool,), "float": (int, float), "datetime": (str,), "date": (str,),
}  # fmt: skip
_CALLED: Final = {"str": "text, in quotes", "int": "a whole number", "bool": "true or false", "float": "a number"}


def known_kind(thing: Thing, _: World) -> Iterator[Fault]:
    if not thing.api or not thing.kind or not thing.name:
        yield Fault((), "lacks apiVersion, kind or metadata.name.", "Name all three.")
    elif shape_of(thing.api, thing.kind) is None:
        what = f"there is no {thing.kind} in {thing.api}."
        yield Fault(("kind",), what, "Look both up: kubectl api-resources.")


def fields(thing: Thing, _: World) -> Iterator[Fault]:
    shape = shape_of(thing.api, thing.kind)
    if shape:
        spared = _BY_KNATIVE if thing.is_function else frozenset()
        yield from _Check(spared, partial=thing.is_partial).value(thing.data, shape, ())


@dataclass(frozen=True, slots=True)
class _Check:
    spared: frozenset[str]
    """Fields that need not be there, although Kubernetes asks for them."""
    partial: bool

    def value(self, value: Any, shape: str, at: Place) -> Iterator[Fault]:
        if value is None or shape == "object":
            return
        if found := _LIST.fullmatch(shape):
            yield from self._items(value, found[1], at)
        elif found := _DICT.fullmatch(shape):
            yield from self._mapping(value, found[1], at)
        elif shape in _TYPES:
            yield from _scalar(value, shape, at)
        elif (known := fields_of(shape)) is not None:
            yield from self._object(value, shape, known, at)

    def _items(self, value: Any, shape: str, at: Place) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(at, f"{_dotted(at)} is not a list.", "Write one entry per line, each behind a dash.")
            return
        for index, each in enumerate(value):
            yield from self.value(each, shape, (*at, index))

    def _mapping(self, value: Any, shape: str, at: Place) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(at, f"{_dotted(at)} is not a mapping.", "Write name: value.")
            return
        for name, each in value.items():
            if at and at[-1] in _AMOUNTS:
                yield from _amount(each, (*at, str(name)))
            else:
                yield from self.value(each, shape, (*at, str(name)))

    def _object(self, value: Any, shape: str, known: Mapping[str, str], at: Place) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(at, f"{_dotted(at)} is not a mapping.", "Write name: value.")
            return
        for name, each in value.items():
            if name in known:
                yield from self.value(each, known[name], (*at, name))
                continue
            near = get_close_matches(str(name), known, n=1)
            mend = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(sorted(known))}."
            yield Fault((*at, str(name)), f"no field {_dotted((*at, str(name)))}.", mend)
        there = {name for name, each in value.items() if each is not None}
        if not self.partial and (name := lacking(shape, there | self.spared)):
            yield Fault(at, f"lacks {_dotted((*at, name))}.", "Add it.")


def _amount(value: Any, at: Place) -> Iterator[Fault]:
    if isinstance(value, bool) or not _QUANTITY.fullmatch(str(value)):
        mend = "Like 100m or 2 for cpu; 512Mi, 16Gi for memory: k M G T in steps of 1000, Ki Mi Gi Ti of 1024."
        yield Fault(at, f"{_dotted(at)}: {value!r} is no quantity.", mend)


def _scalar(value: Any, shape: str, at: Place) -> Iterator[Fault]:
    if at and at[-1] in {"sizeLimit", "divisor"}:
        yield from _amount(value, at)
    elif not isinstance(value, _TYPES[shape]) or (isinstance(value, bool) and shape != "bool"):
        yield Fault(at, f"{_dotted(at)}: {value!r} is not {_CALLED.get(shape, 'text')}.", "Write it as such.")


def _dotted(at: Place) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return text.removeprefix(".") or "the object"
