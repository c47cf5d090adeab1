"""Whether a receiver wants to be called, and how often: CloudEvents' web hooks."""

import pytest

from shared.core import web_hook
from shared.core.delivery import Reply
from shared.core.rate import SECOND, Rate, spend
from shared.core.web_hook import Answer

OK = Reply(status=200)


@pytest.mark.parametrize(
    ("answer", "rate"),
    [
        (Answer(reply=OK, origin="flipbook.example.com"), None),
        (Answer(reply=OK, origin="Flipbook.Example.com", rate="*"), None),
        (Answer(reply=Reply(status=204), origin="*", rate="120"), 120),
    ],
)
def test_who_names_us_or_everybody_consents(answer, rate):
    assert (True, rate) == (answer.consents("flipbook.example.com"), answer.allowed_rate)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(reply=OK),
        Answer(reply=OK, origin="other.example.com"),
        Answer(reply=OK, origin="flipbook.example.com.evil.com"),
        Answer(reply=Reply(status=405), origin="*"),
        Answer(reply=Reply(status=302), origin="*"),
        Answer(reply=Reply(error="timeout")),
        *(Answer(reply=OK, origin="*", rate=rate) for rate in ("0", "-1", "many", "1.5", "9" * 20)),
    ],
)
def test_whoever_says_anything_else_does_not(answer):
    assert not answer.consents("flipbook.example.com")


@pytest.mark.parametrize("a_minute", [1, 2, 7, 59, 60, 61, 119, 120, 6000, 10**9 - 1])
def test_no_more_is_sent_than_is_allowed(a_minute):
    """Over ten minutes of asking all the time, and what may be sent at once is a small part of a minute."""
    rate = web_hook.evenly(a_minute)

    assert rate.quota <= max(a_minute // 60, 1)
    if a_minute <= 200:
        full_at = sent = 0
        for at in range(0, 600 * SECOND, SECOND // 10):
            spending, full_at = spend(rate, full_at, at, need=1, want=1)
            sent += spending.granted
        assert a_minute * 10 / 2 <= sent <= a_minute * 10 + rate.quota


def test_even_rates_are_those_that_can_be_counted():
    assert [Rate(1, 60), Rate(1, 2), Rate(1, 1), Rate(2, 1)] == [web_hook.evenly(n) for n in (1, 30, 60, 120)]


def test_we_ask_under_our_public_name():
    assert "flipbook.example.com" == web_hook.origin("https://flipbook.example.com:8443/x")
    assert "localhost" == web_hook.origin("")
    assert dict(web_hook.request("a.b")) == {"WebHook-Request-Origin": "a.b", "WebHook-Request-Rate": "6000"}
