"""What reaches gunicorn before any app sees it: requests that are none, and bodies that are broken or never end.

gunicorn.conf.py imports nothing of the house, and finds this in the app's extensions.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from http import HTTPStatus
from typing import Any, Final

from gunicorn.http import errors

from shared.core import problems

log = logging.getLogger(__name__)

BODY_S: Final = 20
"""In which a body must have come, however slowly it drips; 64 KiB of it are nothing even to a modem."""
_STATUS: Final[dict[type[Exception], tuple[int, str]]] = {
    errors.LimitRequestLine: (414, "the request line is too long"),
    errors.LimitRequestHeaders: (431, "the headers are too many or too long"),
    errors.ExpectationFailed: (417, "no such expectation can be met here"),
    errors.UnsupportedTransferCoding: (501, "no transfer coding but chunked is understood here"),
}
_NO_HTTP: Final = (400, "this is not a well-formed HTTP request")


class Inflow:
    """The hooks that gunicorn calls with its own requests and sockets."""

    def begin(self, request: Any) -> None:
        request.unreader.sock = _Hurried(request.unreader.sock, BODY_S)
        request.body.reader = _Checked(request.body.reader)

    def end(self, request: Any) -> None:
        """The connection may be kept, and waits for its next request as long as it likes."""
        request.unreader.sock = request.unreader.sock.plain

    def refuse(self, request: Any, client: Any, address: Any, error: BaseException) -> None:
        """In place of gunicorn's own answer, which is HTML, has no id, and repeats what was sent."""
        del request, address
        if isinstance(error, errors.ParseException):
            status, detail = next((said for kind, said in _STATUS.items() if isinstance(error, kind)), _NO_HTTP)
        else:
            log.error("gunicorn failed", exc_info=error)
            status, detail = 500, "something went wrong here that is not your doing"
        request_id = f"req_{secrets.token_hex(12)}"
        log.info("no request", extra={"status": status, "reason": type(error).__name__, "request_id": request_id})
        try:
            client.sendall(_message(status, detail, request_id))
        except OSError:
            log.debug("whoever sent it is gone")


class _Hurried:
    """A socket all of whose reads must end in time; a limit for each read would let a body drip for days."""

    def __init__(self, plain: Any, seconds: float) -> None:
        self.plain = plain
        self._end = time.monotonic() + seconds

    def recv(self, size: int) -> bytes:
        before = self.plain.gettimeout()
        self.plain.settimeout(max(self._end - time.monotonic(), 0.001))
        try:
            data: bytes = self.plain.recv(size)
        finally:
            self.plain.settimeout(before)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


class _Checked:
    """A body's reader, whose faults are such as werkzeug knows: it takes an OSError for a caller who went away."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        try:
            data: bytes = self._reader.read(size)
        except errors.ParseException:
            raise OSError("the body is not chunked as it says") from None
        return data


def _message(status: int, detail: str, request_id: str) -> bytes:
    code = "invalid_request" if status < 500 else "internal_error"
    body = json.dumps(problems.Answer(status=status, code=code, detail=detail).body()).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Content-Type: {problems.CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        f"x-request-id: {request_id}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body
