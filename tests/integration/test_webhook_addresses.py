"""Where callbacks must not go. The network is a recorder: nothing is really connected to."""

from __future__ import annotations

import socket
import threading
import time

import httpcore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.http_network import Resolve
from shared.adapters.http_webhooks import HttpWebhooks
from shared.core import addresses
from shared.core.delivery import Reply
from shared.core.errors import AddressRefused, Unresolved
from tests.callbacks import BODY, SLACK, TIMEOUT, Names, post, sender
from tests.unit.test_addresses import REFUSED, TRICKS

URL = "https://hooks.example.com/"
SOON = "^a URL's host name cannot be looked up at the moment; the same request may succeed soon$"
INSIDE = [
    ["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"],
    ["93.184.216.34", "10.0.0.1"], ["2606:4700::1", "fe80::1%2"], [],
]  # fmt: skip


class Recorder(httpcore.NetworkBackend):
    """A network that notes where it should connect, and does not."""

    def __init__(self) -> None:
        self.connects: list[tuple[str, int]] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connects.append((host, port))
        raise httpcore.ConnectError("not in a test")


@pytest.mark.parametrize("found", INSIDE, ids=str)
def test_a_name_that_leads_inside_is_not_connected_to(found: list[str]):
    network = Recorder()
    webhooks = HttpWebhooks(resolve=Names(found), network=network)
    assert Reply(error="address_refused") == webhooks.post(URL, [], BODY)
    with pytest.raises(AddressRefused):
        webhooks.check(URL)
    assert [] == network.connects


def test_no_address_of_the_table_is_ever_connected_to_and_all_are_refused_alike():
    """Both times: when the URL is given, and when it is called."""
    network, sentences = Recorder(), set()
    for address in REFUSED.split():
        for found in ([address], ["93.184.216.34", address], [address, "2606:4700::1"]):
            webhooks = HttpWebhooks(resolve=Names(found), network=network)
            assert Reply(error="address_refused") == webhooks.post(URL, [], BODY)
            with pytest.raises(AddressRefused) as refusal:
                webhooks.check(URL)
            sentences.add(str(refusal.value))
    assert ([], {addresses.NOWHERE}) == (network.connects, sentences)


def test_no_trick_of_the_table_is_even_resolved():
    names, network = Names(["93.184.216.34"]), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    for url in TRICKS:
        assert Reply(error="address_refused") == webhooks.post(url, [], BODY)
    assert (0, []) == (names.asked, network.connects)


PARTS = st.sampled_from(
    ["https://", "http://", "//", "@", "#", "?", "/", "\\", ":443", ":80", ".", "[", "]", "%", "example.com"]
)
HOSTS = st.sampled_from(
    ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "0x7f.1", "2130706433", "a.internal", "\uff11.1.1.1"]
)


@settings(max_examples=300, deadline=None)
@given(
    url=st.lists(PARTS | HOSTS | st.text(max_size=5), max_size=7).map("".join),
    prefix=st.sampled_from(["", "https://", "https://example.com"]),
    found=st.lists(st.ip_addresses().map(str) | st.sampled_from(REFUSED.split()), max_size=3),
)
def test_whatever_is_asked_for_only_checked_addresses_are_connected_to(url: str, prefix: str, found: list[str]):
    names, network = Names(found), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    reply = webhooks.post(prefix + url, [], BODY)

    assert reply.status is None
    assert names.asked <= 1
    for address, port in network.connects:
        addresses.check(address)
        assert 443 == port
        assert address in found or names.asked == 0 or found == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://10.0.0.1/", "https://2130706433/", "https://localhost/"])
def test_an_url_that_points_inside_is_refused_before_anything_is_asked(url: str):
    names, network = Names(["127.0.0.1"]), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    assert Reply(error="address_refused") == webhooks.post(url, [], BODY)
    with pytest.raises(AddressRefused):
        webhooks.check(url)
    assert (0, []) == (names.asked, network.connects)


def test_a_name_that_changes_its_mind_after_the_check_gains_nothing():
    names, network = Names(["93.184.216.34"], ["127.0.0.1"]), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    webhooks.check(URL)
    assert Reply(error="address_refused") == webhooks.post(URL, [], BODY)
    assert (2, []) == (names.asked, network.connects)


def test_a_name_is_asked_for_once_per_post_and_its_checked_address_is_used():
    names, network = Names(["93.184.216.34"], ["127.0.0.1"]), Recorder()
    assert Reply(error="connection_failed") == HttpWebhooks(resolve=names, network=network).post(URL, [], BODY)
    assert (1, [("93.184.216.34", 443)]) == (names.asked, network.connects)


def test_plain_http_to_a_public_address_is_refused_even_where_a_network_is_open():
    network = Recorder()
    webhooks = sender(resolve=Names(["93.184.216.34"]), network=network)
    assert Reply(error="address_refused") == webhooks.post("http://hooks.example.com:8080/", [], BODY)
    with pytest.raises(AddressRefused, match="by https on port 443"):
        webhooks.check("http://hooks.example.com:8080/")
    assert [] == network.connects


def test_localhost_is_good_where_loopback_is_open():
    sender().check("http://localhost:8080/hook")
    with pytest.raises(AddressRefused):
        HttpWebhooks().check("http://localhost:8080/hook")


def failing(error: OSError) -> Resolve:
    def resolve(host: str, port: int) -> list[str]:
        raise error

    return resolve


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY])
def test_a_name_that_leads_nowhere_is_refused(code: int):
    resolve = failing(socket.gaierror(code, "Name or service not known: internal detail"))
    with pytest.raises(AddressRefused, match=f"^{addresses.NOWHERE}$"):
        sender(resolve=resolve).check(URL)
    assert Reply(error="dns") == post(URL, resolve=resolve)


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM, socket.EAI_MEMORY])
def test_a_resolver_that_fails_has_said_nothing_of_the_name(code: int):
    """Whether the name is good will be seen later: a refusal now would be for ever."""
    resolve = failing(socket.gaierror(code, "10.0.0.10 does not answer"))
    with pytest.raises(Unresolved, match=SOON):
        sender(resolve=resolve).check(URL)
    assert Reply(error="dns") == post(URL, resolve=resolve)


def test_a_resolver_that_never_answers_is_not_waited_for():
    over = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        over.wait(20)
        return []

    started = time.monotonic()
    assert Reply(error="timeout") == post(URL, resolve=silent)
    with pytest.raises(Unresolved, match=SOON):
        sender(resolve=silent).check(URL)
    assert time.monotonic() - started < 2 * TIMEOUT.total_seconds() + SLACK
    over.set()


def test_a_network_that_is_none_is_refused_at_the_start():
    with pytest.raises(ValueError, match="not-a-network"):
        HttpWebhooks(["not-a-network"])
