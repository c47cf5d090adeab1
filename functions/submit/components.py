"""What many operations of the OpenAPI document share: schemas, headers, ways to show a key, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from functions.submit.door import API_KEY, TOKEN
from functions.submit.request_keys import CLIENT_ID
from shared.core import problems
from shared.core.objects import ProblemDetails
from shared.core.operation import Argument, Schema

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
HEADERS: Final[Mapping[str, tuple[str, Schema]]] = {
    "x-request-id": ("Names this answer when you report something.", TEXT),
    "Location": ("Where the video is.", TEXT),
    "openai-poll-after-ms": ("When to ask again, in milliseconds; OpenAI's clients obey it.", WHOLE),
    "Idempotency-Replayed": ("An earlier request made this.", {"type": "string", "const": "true"}),
    "Preference-Applied": ("Which preference was heard.", TEXT),
    "ETag": ("This version; send it back as If-None-Match.", TEXT),
    "Retry-After": ("When to come again, in seconds.", WHOLE),
    "x-should-retry": ("Whether OpenAI's clients repeat it.", {"type": "string", "enum": ["true", "false"]}),
    "RateLimit-Policy": ("What the key may ask: `q` requests in `w` seconds.", TEXT),
    "RateLimit": ("What is left of that: `r` requests now, the whole again in `t` seconds.", TEXT),
    "WWW-Authenticate": ("How to show a key.", TEXT),
    "Content-Security-Policy": ("What the page may load.", TEXT),
    "Referrer-Policy": ("Who hears where you come from: nobody.", TEXT),
    "Cross-Origin-Opener-Policy": ("Which windows share it: none.", TEXT),
    "Cross-Origin-Resource-Policy": ("Who may embed it: this origin.", TEXT),
    "Permissions-Policy": ("Which devices it may ask for: none.", TEXT),
    "Vary": ("What else decides on the answer.", TEXT),
    "Accept-Ranges": ("Parts may be asked for.", {"type": "string", "const": "bytes"}),
    "Content-Range": ("Which part this is.", TEXT),
    "Content-Disposition": ("A name for the file.", TEXT),
    "WebHook-Allowed-Origin": ("Who may send; `*`: everybody with a key.", TEXT),
    "WebHook-Allowed-Rate": ("Events a minute; `*`: as many as you like.", TEXT),
    "Allow": ("The methods that there are.", TEXT),
}
"""By name; an answer that names another one here cannot be described."""
COUNTED: Final = ("RateLimit-Policy", "RateLimit")
"""On every answer to a valid key."""
PATH_ARGUMENTS: Final[Mapping[str, Argument]] = {
    "job_id": Argument("id", "A video's id."),
    "client_id": Argument(
        "id", "An id of your own, not beginning with `video_`.", {"type": "string", "pattern": f"^{CLIENT_ID.pattern}$"}
    ),
    "model_id": Argument("model", "A model's id, or an alias of it."),
    "character_id": Argument("character", "A character's id."),
    "letter_id": Argument("letter", "A dead letter's id."),
    "delivery_id": Argument("delivery", "A callback's id."),
    "endpoint_id": Argument("endpoint", "A webhook endpoint's id."),
    "asset_name": Argument("file", "The name of a file of the page."),
    "key_id": Argument("key", "An API key's id, the middle part of the key."),
}
"""By name in the rules of the URL map."""
ALSO: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    409: ("x-should-retry",),
    416: ("Content-Range",),
    422: ("x-should-retry",),
    429: ("Retry-After", "x-should-retry"),
    503: ("Retry-After", "x-should-retry"),
}
"""Headers of errors, by status."""
SECURITY_SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `fb_<id>_<secret>`, or a token of an issuer that the owner trusts.",
    },
    "keyHeader": {
        "type": "apiKey",
        "in": "header",
        "name": API_KEY,
        "description": "The same API key, for who cannot set Authorization.",
    },
    "eventToken": {
        "type": "apiKey",
        "in": "header",
        "name": TOKEN,
        "description": "For senders of events that can only set a header of their own.",
    },
}


Mode = Literal["validation", "serialization"]
"""What is sent to us, or what we answer."""


@cache
def _parts(shape: Any, mode: Mode) -> Mapping[str, Any]:
    """The schema of `shape` and those that it needs, by name. To make one takes milliseconds."""
    schema = TypeAdapter(shape).json_schema(mode=mode, ref_template="#/components/schemas/{model}")
    parts = {**schema.pop("$defs", {}), shape.__name__: schema}
    return {name: _untitled(part) for name, part in parts.items()}


class Schemas:
    """The named schemas of a document; they gather as shapes are referred to."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def of(self, shape: Any, mode: Mode) -> dict[str, Any]:
        """What refers to the schema of `shape`, a TypedDict or a pydantic model."""
        self.found.update(_parts(shape, mode))
        return {"$ref": f"#/components/schemas/{shape.__name__}"}


def headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("x-request-id", *names)}


def header_components() -> dict[str, Any]:
    return {name: {"description": about, "schema": dict(schema)} for name, (about, schema) in HEADERS.items()}


def errors(codes: Iterable[str], schemas: Schemas, as_400: Iterable[str] = ()) -> dict[str, Any]:
    """Responses by status; several codes can share one."""
    by_status: dict[int, list[str]] = {400: list(as_400)} if as_400 else {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(problems.CODES[code][0], []).append(code)
    return {str(status): _error(status, by_status[status], schemas) for status in sorted(by_status)}


def _error(status: int, codes: list[str], schemas: Schemas) -> dict[str, Any]:
    meanings = " ".join(f"`{code}`: {problems.CODES[code][1]}" for code in codes)
    return {
        "description": f"{HTTPStatus(status).phrase}. {meanings}",
        "headers": headers(ALSO.get(status, ())),
        "content": {problems.CONTENT_TYPE: {"schema": schemas.of(ProblemDetails, "serialization")}},
    }


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic makes of names; a property may be called so."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _untitled(value) for key, value in schema.items() if key not in ("title", "properties")}
    if "properties" in schema:
        kept["properties"] = {name: _untitled(value) for name, value in schema["properties"].items()}
    return kept
