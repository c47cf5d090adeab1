"""Compares every answer of an app with its OpenAPI document: status, headers, media type, and each field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from functions.submit import openapi
from shared.core import problems

OF_HTTP = {
    *("content-type", "content-length", "content-encoding", "cache-control", "x-content-type-options", "vary"),
    *("date", "server"),
    *("connection", "access-control-allow-origin", "x-accel-buffering"),
}
"""Headers that need no word in the document."""


class Undocumented(AssertionError):
    """An answer that the document does not know; the message says what to add."""


def watched(app: Flask) -> Flask:
    """`app`, with a witness at its door."""
    app.wsgi_app = Witness(app)  # type: ignore[method-assign]
    return app


class Witness:
    """Raises Undocumented in place of an answer that the document does not have."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._serve = app.wsgi_app
        self._document = openapi.document(app)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            told[:] = [int(status.split(maxsplit=1)[0]), headers]
            return start_response(status, headers, *rest)

        body = self._serve(environ, start)
        operation = self._operation(environ)
        if operation is None or told[0] in (405, 500):
            return body
        where = f"{operation['operationId']} answered {told[0]}"
        reply = operation["responses"].get(str(told[0]))
        if reply is None:
            raise Undocumented(f"{where}; its Operation has only {', '.join(operation['responses'])}")
        headers = {name.lower(): value for name, value in told[1]}
        self._check_headers(where, reply, headers)
        media = headers.get("content-type", "").partition(";")[0]
        if not media.endswith("json") or environ["REQUEST_METHOD"] == "HEAD":
            return body
        text = b"".join(body)
        self._check_body(where, reply, media, text)
        return [text]

    def _operation(self, environ: dict[str, Any]) -> Any:
        """What the document says of the request; None: it leads nowhere."""
        method = {"HEAD": "GET"}.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
        try:
            rule, _ = self._app.create_url_adapter(Request(environ)).match(method=method, return_rule=True)  # type: ignore[union-attr]
        except HTTPException:
            return None
        return self._document["paths"][openapi.template(rule.rule)].get(method.lower())

    def _check_headers(self, where: str, reply: Any, headers: dict[str, str]) -> None:
        known = {name.lower() for name in reply.get("headers", {})}
        if unknown := set(headers) - known - OF_HTTP:
            raise Undocumented(f"{where} with the headers {', '.join(sorted(unknown))}; its Reply names none of them")

    def _check_body(self, where: str, reply: Any, media: str, text: bytes) -> None:
        kinds = reply.get("content", {})
        if media not in kinds:
            raise Undocumented(f"{where} as {media or 'nothing'}; its Reply has {', '.join(kinds) or 'no body'}")
        schema = _strict(kinds[media].get("schema", {}))
        schema["components"] = _strict(self._document["components"])
        said = json.loads(text)
        for error in Draft202012Validator(schema).iter_errors(said):
            raise Undocumented(f"{where}, and its body is not as described: {error.json_path}: {error.message[:400]}")
        if media == problems.CONTENT_TYPE and f"`{said['error']['code']}`" not in reply["description"]:
            raise Undocumented(f"{where} with the code {said['error']['code']}; its Operation's errors lack it")


def _strict(schema: Any) -> Any:
    """A schema that lets no field pass that it does not name."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(value) for name, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        strict.setdefault("additionalProperties", False)
    return strict
