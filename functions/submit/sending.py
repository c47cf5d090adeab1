"""Bytes to callers: whole, in part, or not at all when they have them already (RFC 9110, 13 and 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from shared.core.operation import Argument
from shared.core.output import Artifact

KNOWN: Final = Argument("If-None-Match", "The ETag of what you have.", place="header")
Read = Callable[[int, int], Iterator[bytes]]
"""The bytes from the first number up to, not including, the second."""


def has_already(artifact: Artifact) -> bool:
    """Whether the caller of the present request says that he has just these bytes."""
    return request.if_none_match.contains(artifact.sha256)


def send(artifact: Artifact, filename: str, read: Read, *, as_attachment: bool) -> Response:
    """Answer the present request with an artifact, to be shown or, `as_attachment`, to be saved.

    Raises: RequestedRangeNotSatisfiable: It asks for bytes behind the end.
    """
    if has_already(artifact):
        response = Response(status=304)
    else:
        response = _body(artifact, read)
        shown = "attachment" if as_attachment else "inline"
        response.headers["Content-Disposition"] = f'{shown}; filename="{filename}"'
    response.set_etag(artifact.sha256)
    response.accept_ranges = "bytes"
    return response


def _body(artifact: Artifact, read: Read) -> Response:
    part = _part(artifact)
    start, end = part or (0, artifact.bytes)
    body = read(start, end) if request.method == "GET" else iter(())
    response = Response(body, status=206 if part else 200, content_type=artifact.content_type)
    response.content_length = end - start
    if part:
        response.content_range.set(start, end, artifact.bytes)
    return response


def _part(artifact: Artifact) -> tuple[int, int] | None:
    """The one range that is asked for; None: all of it.

    Several ranges at once, and a range of another version (If-Range), may be answered with all.
    """
    wanted = request.range
    if wanted is None or len(wanted.ranges) != 1 or wanted.units != "bytes":
        return None
    if request.if_range and request.if_range.etag not in (None, artifact.sha256):
        return None
    part = wanted.range_for_length(artifact.bytes)
    if part is None:
        raise RequestedRangeNotSatisfiable(artifact.bytes, description=f"the file has {artifact.bytes} bytes")
    return part
