"""HTML forms as requests: flat pairs of text become what the same request is in JSON.

Rule 1: a form's own words for structure are brackets: `webhook[url]`, `webhook[events][]`, `metadata[k]`.
Rule 2: text becomes a number or an object where the schema wants one, and stays text where it does not
        read as one: what is wrong with it, the schema says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from shared.core import json_text
from shared.core.aliases import ALIASES, EXTRAS, LACKING
from shared.core.errors import InvalidRequest, Problem, pointer
from shared.core.wish import CreateVideo

MAX_FIELDS: Final = 100
"""Pairs of a form; every field there is, with all its metadata, needs half of them."""
MAX_DEPTH: Final = 4
"""Names in one key: extra_body[webhook][events][] has the most that mean something."""
_KEY: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INTEGER: Final = re.compile("-?[0-9]{1,20}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")


def read(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The body that a form's pairs stand for.

    Raises:
        InvalidRequest: They contradict each other, are too many, or their brackets mean nothing.
    """
    return _typed(fold(list(pairs)))


def fold(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Objects, lists and text; every value is still the text that was sent. Raises: InvalidRequest."""
    if len(pairs) > MAX_FIELDS:
        raise InvalidRequest(Problem("", f"the form has {len(pairs)} fields; {MAX_FIELDS} are the most"))
    root: dict[str, Any] = {}
    for key, value in pairs:
        _put(root, _path(key), value)
    return root


def _path(key: str) -> list[str]:
    """The names in a key; a last name that is empty means one more item of a list."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise InvalidRequest(Problem(pointer([key]), "is no field's name: brackets stand in pairs behind a name"))
    path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(path) > MAX_DEPTH:
        raise InvalidRequest(Problem(pointer([match[1]]), f"is nested too deeply; {MAX_DEPTH} names are the most"))
    if "" in path[:-1]:
        raise InvalidRequest(Problem(pointer([match[1]]), "has objects in a list, which a form cannot say"))
    return path


def _put(root: dict[str, Any], path: list[str], value: str) -> None:
    is_item = path[-1] == ""
    names = path[:-1] if is_item else path
    node: Any = root
    for name in names[:-1]:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise _contradiction(names)
    if not is_item:
        if names[-1] in node:
            raise _contradiction(names)
        node[names[-1]] = value
        return
    items = node.setdefault(names[-1], [])
    if not isinstance(items, list):
        raise _contradiction(names)
    items.append(value)


def _contradiction(names: list[str]) -> InvalidRequest:
    return InvalidRequest(Problem(pointer(names), "is given twice; a list's items are sent as name[]"))


_SCHEMA: Final = CreateVideo.model_json_schema()
_OTHER_WORDS: Final[Mapping[str, Any]] = {
    **{name: {"type": "integer"} for name in ("n", "width", "height")},
    **{name: {"type": "object"} for name in LACKING},
}
_FIELDS: Final[Mapping[str, Any]] = _OTHER_WORDS | _SCHEMA["properties"]


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a field may be, each in JSON Schema's words."""
    found = schema.get("anyOf", [schema])
    return [_SCHEMA["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option for option in found]


def _typed(fields: Mapping[str, Any], schemas: Mapping[str, Any] = _FIELDS) -> dict[str, Any]:
    return {name: _value(value, schemas.get(ALIASES.get(name, name), {}), name) for name, value in fields.items()}


def _value(value: Any, schema: Mapping[str, Any], name: str) -> Any:
    options = _options(schema)
    if isinstance(value, dict):
        inner = _FIELDS if name in EXTRAS else next((o["properties"] for o in options if "properties" in o), {})
        return _typed(value, inner)
    if isinstance(value, str):
        return typed(value, frozenset(option.get("type", "null") for option in options))
    return value


def typed(text: str, kinds: frozenset[str]) -> Any:
    """`text` as the JSON of one of `kinds` that it reads as; else `text`."""
    if "integer" in kinds and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if "object" in kinds and text.lstrip().startswith("{"):
        try:
            return json_text.read(text)
        except ValueError:
            return text
    return text
