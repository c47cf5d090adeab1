"""What the tests of callbacks share: a sender that may reach loopback, and a resolver that says what it is told."""

from __future__ import annotations

from datetime import timedelta

from shared.adapters.http_webhooks import HttpWebhooks
from shared.core.delivery import Reply
from tests.peers import Script, Visit

LOOPBACK = ("127.0.0.0/8",)
TIMEOUT = timedelta(seconds=0.8)
SLACK = 0.6
BODY = '{"type": "video.completed", "ä": "🦊"}'.encode()


def sender(**options) -> HttpWebhooks:
    return HttpWebhooks(LOOPBACK, timeout=TIMEOUT, **options)


def post(url: str, body: bytes = BODY, **options) -> Reply:
    return sender(**options).post(url, [("Content-Type", "application/json")], body)


def answer(status: str, *headers: str) -> Script:
    def script(visit: Visit) -> None:
        visit.request()
        visit.answer(status, *headers)

    return script


class Names:
    """A resolver with an answer for each time it is asked; the last one goes on."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers

    def __call__(self, host: str, port: int) -> list[str]:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return found
