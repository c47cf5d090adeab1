"""The OpenAPI 3.1 document of the app: its URL map, and what each route says of itself (shared/core/operation.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from flask import Flask
from werkzeug.routing import Rule

from functions.submit import components, door
from functions.submit.components import Mode, Schemas
from shared.core import operation
from shared.core.operation import Argument, Operation, Payload, Reply

VERSION: Final = "3.1.0"
_PART: Final = re.compile(r"<(?:[^<>:]+:)?([^<>:]+)>")
_STREAM: Final[dict[str, Any]] = {}
_ABOUT: Final = """Text to video, in the shape of OpenAI's videos API, with fields of our own beside it.

Every GET answers HEAD too. Every answer to a valid key tells in `RateLimit` and `RateLimit-Policy` what is left of its
rate. Errors are RFC 9457 problem details with OpenAI's `error` inside."""


class Undescribed(LookupError):
    """A route that says nothing of itself, or names what the document does not know; the message says what to do."""


def document(app: Flask, public_url: str = "") -> dict[str, Any]:
    """The document of all that `app` serves. Raises: Undescribed."""
    schemas = Schemas()
    paths: dict[str, Any] = {}
    for path, method, rule, described in sorted(_operations(app), key=lambda found: found[:2]):
        paths.setdefault(path, {})[method.lower()] = _operation(rule, method, described, schemas)
    _name(paths)
    return {
        "openapi": VERSION,
        "info": {"title": "Flipbook", "version": "v1", "description": _ABOUT, "license": _licence()},
        "servers": [{"url": public_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.found.items())),
            "headers": components.header_components(),
            "securitySchemes": components.SECURITY_SCHEMES,
        },
    }


def methods(rule: Rule) -> set[str]:
    """Those that a rule was written for: HEAD comes with GET, and OPTIONS by itself unless it is asked for."""
    automatic = rule.provide_automatic_options  # type: ignore[attr-defined]  # Flask's word on its own rules
    implied = {"HEAD"} | ({"OPTIONS"} if automatic else set())
    return set(rule.methods or ()) - implied


def template(rule: str) -> str:
    """A rule of the URL map as OpenAPI writes it: what stands at the same place has the same name."""
    return _PART.sub(lambda part: "{" + components.PATH_ARGUMENTS[part[1]].name + "}", rule)


def _operations(app: Flask) -> Iterator[tuple[str, str, Rule, Operation]]:
    for rule in app.url_map.iter_rules():
        described = operation.of(app.view_functions[rule.endpoint])
        if described is None:
            raise Undescribed(f"{rule.rule}: decorate its view with an Operation (shared/core/operation.py)")
        for method in methods(rule):
            yield template(rule.rule), method, rule, described


def _licence() -> dict[str, str]:
    return {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _operation(rule: Rule, method: str, described: Operation, schemas: Schemas) -> dict[str, Any]:
    try:
        found = {
            "operationId": described.id,
            "tags": [_tag(rule.rule)],
            "summary": described.summary,
            "description": described.about,
            "parameters": [*map(_path_argument, _PART.findall(rule.rule)), *map(_argument, described.arguments)],
            "requestBody": described.body and _body(described.body, schemas),
            "responses": _responses(rule, described, schemas),
        }
    except KeyError as error:
        raise Undescribed(f"{rule.rule}: components.py or problems.CODES must know {error} first") from None
    return {name: value for name, value in found.items() if value} | {"security": _security(rule, method)}


def _responses(rule: Rule, described: Operation, schemas: Schemas) -> dict[str, Any]:
    found = {
        **{str(status): _reply(reply, schemas) for status, reply in sorted(described.replies.items())},
        **components.errors(_errors(rule, described), schemas, described.as_400),
    }
    if rule.endpoint not in door.OPEN:
        for status in found.keys() - {"401", "403"}:  # who is not let in is not counted
            found[status]["headers"] |= components.headers(components.COUNTED)
    return found


def _errors(rule: Rule, described: Operation) -> Iterator[str]:
    """Those of the door, of the stores, of what can be sent, and the route's own."""
    if rule.endpoint not in door.OPEN:
        yield from ("invalid_api_key", "forbidden", "rate_limit_exceeded", "store_unavailable")
    if described.arguments or described.body:
        yield "invalid_parameter"
    if described.body:
        yield from ("invalid_request", "request_timeout", "payload_too_large", "unsupported_media_type")
    yield from described.errors


def _security(rule: Rule, method: str) -> list[dict[str, list[str]]]:
    if rule.endpoint in door.OPEN:
        return []
    blueprint = rule.endpoint.rpartition(".")[0]
    scopes = [str(door.needed(method, rule.rule, blueprint))]
    ways: list[dict[str, list[str]]] = [{"key": scopes}, {"keyHeader": scopes}]
    return [*ways, {"eventToken": []}] if blueprint == door.EVENTS else ways


def _tag(path: str) -> str:
    """What it is about: the first word behind the version."""
    first = path.removeprefix("/v1").split("/")[1]
    return (
        first
        if first in ("videos", "models", "queue", "admin")
        else "events"
        if first in ("", "events")
        else "platform"
    )


def _path_argument(name: str) -> dict[str, Any]:
    argument = components.PATH_ARGUMENTS[name]
    schema = dict(argument.schema or components.TEXT)
    return {"name": argument.name, "in": "path", "required": True, "description": argument.about, "schema": schema}


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": argument.place,
        "description": argument.about,
        "schema": dict(argument.schema or components.TEXT),
    }


def _body(payload: Payload, schemas: Schemas) -> dict[str, Any]:
    return {"required": payload.required, "content": _content(payload, schemas, "validation")}


def _reply(reply: Reply, schemas: Schemas) -> dict[str, Any]:
    for name in reply.headers:
        components.HEADERS[name]
    found = {
        "description": reply.about,
        "headers": components.headers(reply.headers),
        "content": reply.payload and _content(reply.payload, schemas, "serialization"),
    }
    return {name: value for name, value in found.items() if value}


def _content(payload: Payload, schemas: Schemas, mode: Mode) -> dict[str, Any]:
    """Bytes have no schema: OpenAPI 3.1 says it with the media type alone."""
    media = {"schema": schemas.of(payload.shape, mode)} if payload.shape is not None else {}
    if payload.example is not None:
        media["example"] = payload.example
    return dict.fromkeys(payload.media, media) | dict.fromkeys(payload.streams, _STREAM)


def _name(paths: dict[str, Any]) -> None:
    """Make ids unique, where several paths or methods lead to one operation: the first has the name alone."""
    seen: dict[str, int] = {}
    for methods_of_path in paths.values():
        for found in methods_of_path.values():
            name = found["operationId"]
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                found["operationId"] = f"{name}{seen[name]}"
