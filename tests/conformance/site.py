"""A Flipbook somewhere, as its callers see it: two URLs and a key. Knows nothing of what stands behind them."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

AGAIN = frozenset({429, 502, 503, 504})
"""Answers after which a client asks again."""
OVER = frozenset({"completed", "failed"})
VIDEO = {"prompt": "A paper boat on a lake", "num_inference_steps": 2, "num_frames": 7}
REQUESTED = "dev.flipbook.video.requested.v1"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    url: str
    broker: str
    key: str
    patience: float
    """Seconds that a small video may take."""
    calm: bool
    """Whether an answer that asks for another try is a fault of ours, and no weather."""

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Answer:
        """One request to the API. Where the weather is rough it is asked again, as clients must, within the patience."""
        shown = {} if key == "" else {"Authorization": f"Bearer {key or self.key}"}
        typed = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._ask(method, self.url + path, body, typed | shown | named)

    def tell(self, body: Any = b"", *, method: str = "POST", place: str = "", **headers: str) -> Answer:
        """One request to the Broker's address, and to `place` after it."""
        return self._ask(method, self.broker + place, body, {name.replace("_", "-"): v for name, v in headers.items()})

    def create(self, **fields: Any) -> str:
        """The id of a new video."""
        answer = self.send("POST", "/v1/videos", VIDEO | fields, Idempotency_Key=str(uuid.uuid4()))
        # Where the first answer was lost, the repeat finds the video that it made; and one may be over by the answer.
        repeated = not self.calm and "idempotency-replayed" in answer.headers
        assert answer.status == (200 if repeated or answer.json["status"] == "completed" else 202), answer
        return str(answer.json["id"])

    def video(self, job_id: str) -> dict[str, Any]:
        answer = self.send("GET", f"/v1/videos/{job_id}")
        assert answer.status == 200, answer
        return dict(answer.json)

    def finished(self, job_id: str) -> dict[str, Any]:
        return self.until(lambda: (video := self.video(job_id))["status"] in OVER and video, f"{job_id} has ended")

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """The first true answer of `look`, within the patience."""
        deadline = time.monotonic() + self.patience
        while not (found := look()):
            assert time.monotonic() < deadline, f"not within {self.patience:g} s: {what}"
            time.sleep(0.05)
        return found

    def _ask(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        deadline = time.monotonic() + self.patience
        while True:
            try:
                answer = exchange(method, url, data, headers)
            except (OSError, http.client.HTTPException):
                if self.calm or time.monotonic() > deadline:
                    raise
            else:
                if self.calm or answer.status not in AGAIN or time.monotonic() > deadline:
                    return answer
            time.sleep(0.2)


def exchange(method: str, url: str, data: bytes | None, headers: Mapping[str, str], timeout: float = 60) -> Answer:
    """One request on a connection of its own. Raises: OSError, HTTPException."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=timeout)
    try:
        connection.request(
            method, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}", data, dict(headers)
        )
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
    finally:
        connection.close()


def event(**attributes: str) -> dict[str, str]:
    """The headers of an event in binary mode, with an id of its own."""
    named = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/conformance", "type": REQUESTED} | attributes
    return {f"Ce_{name}": value for name, value in named.items() if value}
