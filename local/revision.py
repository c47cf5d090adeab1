"""One revision as its callers see it: a request goes in, waits for a place, and comes back with an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from multidict import CIMultiDict
from yarl import URL

from local.activator import Activator, Endpoint, QueueFull
from local.objects import Service

_HOP_BY_HOP: Final = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
)
_OWN_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What the HTTP client would add by itself; a proxy passes on what it was given."""


class Refusal(Exception):
    """The platform answers in the function's place."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`target` is path and query as they were sent."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: AsyncIterable[bytes] | bytes | None = None


def new_session() -> ClientSession:
    """The client towards instances: passes everything on as it is, one connection for each request.

    A kept connection may be closed by the server in the moment it is used again, and would look like a dead instance.
    """
    return ClientSession(
        connector=TCPConnector(limit=0, force_close=True),
        timeout=ClientTimeout(total=None, sock_connect=5),
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        skip_auto_headers=_OWN_HEADERS,
    )


def end_to_end(headers: CIMultiDict[str]) -> CIMultiDict[str]:
    """The headers that concern the two ends, not this hop (RFC 9110, 7.6.1)."""
    named = [name.strip() for value in headers.getall("Connection", []) for name in value.split(",")]
    kept = CIMultiDict(headers)
    for name in (*_HOP_BY_HOP, *named):
        kept.popall(name, None)
    return kept


class Revision:
    """What activator and queue-proxy do for a Service's newest revision."""

    def __init__(self, service: Service, activator: Activator, session: ClientSession) -> None:
        self.service = service
        self.activator = activator
        self._session = session

    @property
    def host(self) -> str:
        return f"{self.service.name}.{self.service.namespace}.svc.cluster.local"

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[ClientResponse]:
        """The instance's response; its place is held until the block ends.

        The clock starts now, so that waiting counts. When it runs out the place is free at once, while the function
        does not hear of it and goes on, as on Knative.

        Raises:
            Refusal: No place (503), no instance that answers (502), or out of time (504).
        """
        try:
            async with (
                asyncio.timeout(self.service.timeout.total_seconds()),
                self.activator.place() as endpoint,
                await self._ask(endpoint, request) as response,
            ):
                yield response
        except QueueFull:
            raise Refusal(503, "pending request queue full") from None
        except (ClientError, ConnectionError) as error:
            raise Refusal(502, f"{self.service.name} broke off: {type(error).__name__}") from None
        except TimeoutError:
            raise Refusal(504, "activator request timeout") from None

    async def _ask(self, endpoint: Endpoint, request: Request) -> ClientResponse:
        """The response as soon as its head is there."""
        headers = end_to_end(request.headers)
        headers["K-Proxy-Request"] = "activator"
        start = self.service.response_start_timeout.total_seconds() or None
        async with asyncio.timeout(start):
            return await self._session.request(
                request.method,
                URL(endpoint.url + request.target, encoded=True),
                headers=headers,
                data=request.body,
                allow_redirects=False,
            )
