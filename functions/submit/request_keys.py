"""By what a creation is known when it comes again: a header, a client's id, an event's identity, a count of tries."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Final

from werkzeug.datastructures import Headers

from functions.submit.drafts import Manners
from shared.core.access import Caller
from shared.core.counted_call import CountedCall
from shared.core.errors import InvalidRequest, Problem
from shared.core.events import Event
from shared.core.operation import Argument
from shared.core.request_key import RequestKey, fingerprint

HEADER: Final = "Idempotency-Key"
LONGEST: Final = 255
KEY: Final = Argument(
    HEADER, "The same key and body again gets the same video.", {"type": "string", "maxLength": LONGEST}, "header"
)
TRIES: Final = "x-stainless-retry-count"
"""OpenAI's clients send no key, but how often they made the call before."""
COUNT: Final = Argument(
    TRIES,
    "How often the call was made before. OpenAI's clients send it: a repeat gets the first one's video.",
    place="header",
)
_COUNT: Final = re.compile("[0-9]{1,3}")
_QUOTED: Final = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])+)"')
"""A string as RFC 8941 writes it, without spaces."""
_BARE: Final = re.compile(r"[!#-~][!-~]*")
CLIENT_ID: Final = re.compile(r"(?!video_)[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class RequestKeys:
    """Makes request keys that are kept for `life`, and counted calls that are repeated within `window`."""

    life: timedelta
    window: timedelta

    def of_request(
        self, headers: Headers, caller: Caller, body: object, manners: Manners
    ) -> RequestKey | CountedCall | None:
        """What a request is known by, if by anything. A key says more than a count.

        Raises: InvalidRequest.
        """
        key = self.of_header(headers.get(HEADER), _said(body, manners))
        return key or self.of_tries(headers.get(TRIES), caller, [body, manners.reading])

    def of_header(self, header: str | None, body: object) -> RequestKey | None:
        """The key in an Idempotency-Key header, quoted or bare; None without the header.

        Raises: InvalidRequest.
        """
        if header is None:
            return None
        quoted, bare = _QUOTED.fullmatch(header), _BARE.fullmatch(header)
        key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else bare[0] if bare else ""
        if not 1 <= len(key) <= LONGEST:
            detail = f'{HEADER} must be 1 to {LONGEST} visible ASCII characters, bare or in double quotes: "{{uuid}}"'
            raise InvalidRequest(Problem("", detail), code="invalid_request")
        return self._key(f"idempotency:{key}", body)

    def of_tries(self, header: str | None, caller: Caller, said: object) -> CountedCall | None:
        """The call in an x-stainless-retry-count header; `said` is all that its tries have in common."""
        if header is None or _COUNT.fullmatch(header) is None:
            return None
        return CountedCall(name=f"{caller.key_id}:{fingerprint(said)}", tries=int(header), window=self.window)

    def of_client(self, client_id: str, body: object, manners: Manners) -> RequestKey:
        """Raises: InvalidRequest."""
        if CLIENT_ID.fullmatch(client_id) is None:
            detail = "must be 1 to 64 letters, digits, - or _, and not begin with video_, as our own ids do"
            raise InvalidRequest(Problem("/client_id", detail))
        return self._key(f"client:{client_id}", _said(body, manners))

    def of_event(self, event: Event) -> RequestKey:
        """CloudEvents 1.0: events of the same source and id are the same."""
        return self._key(f"event:{json.dumps([event.source, event.id])}", event.data)

    def _key(self, name: str, body: object) -> RequestKey:
        return RequestKey(name=name, fingerprint=fingerprint(body), life=self.life)


def _said(body: object, manners: Manners) -> object:
    """All that makes it another request: also what stands beside the body, as a callback's URL in the query may."""
    return [body, [asdict(aside) for aside in manners.asides]] if manners.asides else body
