"""The public door: every HTTP request goes to the one public Service, and its answer comes back as it is made."""

from __future__ import annotations

from aiohttp import ClientError, ClientResponse, web
from multidict import CIMultiDict

from local.revision import Refusal, Request, Revision, end_to_end


class Ingress:
    """Streams both ways; a caller who goes away gives the place free."""

    def __init__(self, revision: Revision) -> None:
        self._revision = revision

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            async with self._revision.exchange(_forwarded(request)) as upstream:
                return await _pass_on(request, upstream)
        except Refusal as refusal:
            if request.transport and request.writer.output_size:
                # The head is out: only a broken connection can still say that the rest is missing.
                request.transport.abort()
            return web.Response(status=refusal.status, text=refusal.text)


def _forwarded(request: web.BaseRequest) -> Request:
    """Raises: Refusal: CONNECT, `*` or a whole URL. Glued to an instance's address it would lead to another host."""
    if not request.raw_path.startswith("/"):
        raise Refusal(400, "ask for a path of this server")
    headers = CIMultiDict(request.headers)
    before = headers.get("X-Forwarded-For")
    remote = request.remote or "unknown"
    headers["X-Forwarded-For"] = f"{before}, {remote}" if before else remote
    headers["X-Forwarded-Proto"] = request.scheme
    return Request(
        method=request.method,
        target=request.raw_path,
        headers=headers,
        body=request.content if request.body_exists else None,
    )


async def _pass_on(request: web.BaseRequest, upstream: ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(
        status=upstream.status, reason=upstream.reason, headers=end_to_end(CIMultiDict(upstream.headers))
    )
    await response.prepare(request)
    try:
        async for chunk in upstream.content.iter_any():
            await response.write(chunk)
    except ClientError as error:
        raise Refusal(502, f"the answer broke off: {type(error).__name__}") from None
    await response.write_eof()
    return response
