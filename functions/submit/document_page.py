"""/docs for people: the OpenAPI document as one page, without a script and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import render_template
from markupsafe import Markup, escape

from shared.core.operation import JSON

TEMPLATES: Final = Path(__file__).parent / "templates"
_STYLE: Final = (TEMPLATES / "docs.css").read_text()
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: the page's own style, an empty icon, and nothing else."""
_ORDER: Final = ("videos", "models", "queue", "events", "admin", "platform")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table."""

    name: str = ""
    place: str = ""
    status: str = ""
    type: Markup = Markup()
    about: Markup = Markup()
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What a person reads of one operation."""

    id: str
    method: str
    path: str
    summary: str
    about: Markup
    needs: str
    arguments: list[Row]
    body: Markup
    curl: str
    replies: list[Row]


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    operations: list[Section]


@dataclass(frozen=True, slots=True)
class Shape:
    """An object, field by field."""

    name: str
    about: Markup
    fields: list[Row]


def page(document: dict[str, Any]) -> str:
    """The HTML of an OpenAPI document."""
    info = document["info"]
    return render_template(
        "docs.html",
        title=info["title"],
        about=prose(info["description"]),
        style=Markup(_STYLE),  # noqa: S704 - our own file
        groups=list(_groups(document)),
        shapes=[_shape(name, schema) for name, schema in document["components"]["schemas"].items()],
    )


def prose(text: str) -> Markup:
    """Paragraphs with `code` in them: as much Markdown as our descriptions use."""
    return Markup().join(Markup("<p>{}</p>").format(_line(part)) for part in text.split("\n\n") if part)


def type_of(schema: dict[str, Any]) -> Markup:
    """A schema in a few words; objects are linked."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(type_of(option) for option in schema["anyOf"])
    if "enum" in schema:
        words = [str(word) for word in schema["enum"]]
        return escape(" | ".join(words if len(words) <= 10 else [*words[:3], "...", words[-1]]))
    if "const" in schema:
        return escape(json.dumps(schema["const"]))
    if schema.get("type") == "array":
        return Markup("list of {}").format(type_of(schema.get("items", {})))
    return escape(_bounded(schema))


def _bounded(schema: dict[str, Any]) -> str:
    """The type's name with what bounds it."""
    words = [schema.get("type", "anything")]
    for bound, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"), ("maxItems", "up to")):
        if bound in schema:
            words.append(f"{word} {schema[bound]:,}")
    return " ".join(words)


def _line(text: str) -> Markup:
    parts = text.split("`")
    return Markup().join(Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts))


def _groups(document: dict[str, Any]) -> Iterator[Group]:
    found: dict[str, list[Section]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            section = _section(method, path, operation)
            found.setdefault(operation["tags"][0], []).append(section)
    yield from (Group(tag, found[tag]) for tag in sorted(found, key=_ORDER.index))


def _section(method: str, path: str, operation: dict[str, Any]) -> Section:
    return Section(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        about=prose(operation.get("description", "")),
        needs=_needs(operation["security"]),
        arguments=[
            Row(name=a["name"], place=a["in"], type=type_of(a["schema"]), about=_line(a["description"]))
            for a in operation.get("parameters", [])
        ],
        body=_content(operation.get("requestBody", {})),
        curl=_curl(method, path, operation),
        replies=[
            Row(status=status, type=_content(reply), about=_line(reply["description"]))
            for status, reply in operation["responses"].items()
        ],
    )


def _needs(security: list[dict[str, list[str]]]) -> str:
    scopes = [scope for way in security for names in way.values() for scope in names]
    return f"Needs a key with the scope {scopes[0]}." if scopes else "Needs no key."


def _content(holder: dict[str, Any]) -> Markup:
    """The shape of a body and its media types."""
    content = holder.get("content", {})
    shapes = dict.fromkeys(type_of(media["schema"]) for media in content.values() if "schema" in media)
    return Markup(" as ").join([*shapes, escape(", ".join(content))]) if content else Markup()


def _curl(method: str, path: str, operation: dict[str, Any]) -> str:
    words = [f'curl {"" if method == "get" else f"-X {method.upper()} "}"$URL{path}"']
    if operation["security"]:
        words.append('-H "Authorization: Bearer $KEY"')
    example = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("example")
    if example is not None:
        words.append(f"-H 'Content-Type: {JSON}' -d '{json.dumps(example)}'")
    return " \\\n  ".join(words)


def _shape(name: str, schema: dict[str, Any]) -> Shape:
    required = schema.get("required", [])
    fields = [
        Row(name=field, type=type_of(part), about=_line(part.get("description", "")), required=field in required)
        for field, part in schema.get("properties", {}).items()
    ]
    return Shape(name, prose(schema.get("description", "")), fields)
