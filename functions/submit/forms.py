"""Forms off the wire. OpenAI's clients send one for every video, with files in it or without."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.formparser import FormDataParser

from functions import kit
from shared.core import forms
from shared.core.errors import InvalidRequest, Problem, pointer

MULTIPART: Final = "multipart/form-data"
FORMS: Final = (MULTIPART, "application/x-www-form-urlencoded")
_NO_FILES: Final = "is a file, and Mochi-1 draws from text only: send no input_reference and no video"


def form_body() -> dict[str, Any]:
    """The present request's form, as the JSON that says the same. Raises: InvalidRequest, UnsupportedMediaType."""
    data = kit.body()
    if request.mimetype != MULTIPART and data.lstrip().startswith(b"{"):
        # What curl -d sends when nobody tells it otherwise.
        raise UnsupportedMediaType("this looks like JSON: send it with Content-Type: application/json")
    files: list[str] = []
    try:
        if request.mimetype != MULTIPART:
            # Not werkzeug's reader, which puts a mark in place of what is no UTF-8.
            pairs = parse_qsl(data.decode(), keep_blank_values=True, errors="strict")
        else:
            pairs, files = _multipart(data)
    except ValueError:
        raise InvalidRequest(
            Problem("", f"the body is no valid {request.mimetype} in UTF-8"), code="invalid_request"
        ) from None
    if files:
        raise InvalidRequest(*(Problem(pointer([name]), _NO_FILES) for name in files), code="unsupported_feature")
    return forms.read(pairs)


def _multipart(data: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """The fields, and the names of the files. Raises: ValueError."""
    # Not Flask's own, which takes a form that it cannot read for an empty one.
    parser = FormDataParser(_in_memory, silent=False)
    _, fields, files = parser.parse(BytesIO(data), request.mimetype, len(data), request.mimetype_params)
    if not files:
        data.decode()
    return list(fields.items(multi=True)), list(files)


def _in_memory(*_: object, **__: object) -> BytesIO:
    """Where a file goes while its form is read; the body's bound is the file's too."""
    return BytesIO()
