"""Where callbacks may go: tables of addresses and of URLs, and what names may lead to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import addresses
from shared.core.addresses import Callback, Networks
from shared.core.errors import AddressRefused

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3 127.255.255.255
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.192 192.0.2.1 192.31.196.1
192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1
64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1
2001:10::1 2001:20::1 2001:1ff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 5f00::1 4000::1
fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 2606:4700::1111%1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 ::1%lo
"""

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
223.255.255.255 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700:4700::1111 2a00:1450:4001::1 3ffe::1
"""


def test_the_tables_are_long_enough_to_mean_something():
    assert len(set(REFUSED.split())) >= 66
    assert len(set(PUBLIC.split())) >= 20


@pytest.mark.parametrize("address", REFUSED.split())
def test_an_address_inside_some_network_is_refused(address: str):
    with pytest.raises(AddressRefused, match="callbacks go to public addresses"):
        addresses.check(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_is_let_through(address: str):
    addresses.check(address)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_that_python_calls_private_or_multicast_is_let_through(address):
    try:
        addresses.check(str(address))
    except AddressRefused:
        return
    assert address.is_global
    assert not address.is_multicast


def test_an_opened_network_is_let_through_and_its_neighbours_are_not():
    networks = Networks.of(["10.1.0.0/16", "fd00:1::/32"])
    addresses.check("10.1.2.3", networks)
    addresses.check("fd00:1::5", networks)
    for address in ("10.2.0.1", "127.0.0.1", "::1", "::ffff:10.1.2.3", "::10.1.2.3", "fd00:2::1", "64:ff9b::a01:203"):
        with pytest.raises(AddressRefused):
            addresses.check(address, networks)


def test_who_opens_this_machine_opens_both_its_loopbacks():
    networks = Networks.of(["127.0.0.0/8"])
    addresses.check("127.0.0.1", networks)
    addresses.check("::1", networks)
    with pytest.raises(AddressRefused):
        addresses.check("::1%lo", networks)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str):
    with pytest.raises(ValueError, match=r"network|host bits"):
        Networks.of([text])


TRICKS = {
    "": "begins with https://",
    "example.com/hook": "begins with https://",
    "//example.com/hook": "begins with https://",
    "https:example.com": "names a host",
    "https:/example.com": "names a host",
    "https:///hook": "names a host",
    "https://:443/": "names a host",
    "gopher://example.com/": "begins with https://",
    "file:///etc/passwd": "begins with https://",
    "ftp://example.com": "begins with https://",
    "javascript://example.com/%0aalert(1)": "begins with https://",
    "http://example.com/": "begins with https:// and uses port 443",
    "http://example.com:443/": "begins with https:// and uses port 443",
    "https://example.com:80/": "uses port 443",
    "https://example.com:22/": "uses port 443",
    "https://example.com:0/": "port 0",
    "https://example.com:99999/": "look at its host and port",
    "https://example.com:443:80/": "look at its host and port",
    "https://example.com:4a/": "look at its host and port",
    "https://user@example.com/": "no user name",
    "https://user:secret@example.com/": "no user name",
    "https://example.com@127.0.0.1/": "no user name",
    "https://@example.com/": "no user name",
    "https://example.com\\@127.0.0.1/": "backslashes",
    "https://127.0.0.1\\.example.com/": "backslashes",
    "https://example.com#@127.0.0.1/": "no fragment",
    "https://example.com/#": "no fragment",
    "https://example.com/a b": "plain ASCII",
    "https://example.com/\r\nHost: internal": "plain ASCII",
    "https://example.com/\t": "plain ASCII",
    "https://exa\nmple.com/": "plain ASCII",
    "https://example.com/\0": "plain ASCII",
    "https://ex\u00e4mple.com/": "punycode",
    "https://\uff11\uff12\uff17.0.0.1/": "plain ASCII",
    "https://\u2460\u2461\u2466.0.0.1/": "plain ASCII",
    "https://example\u3002com/": "plain ASCII",
    "https://127.0.0.1/": "not to loopback ones",
    "https://169.254.169.254/latest/meta-data/": "not to link-local ones",
    "https://10.0.0.1/": "not to private ones",
    "https://[::1]/": "not to loopback ones",
    "https://[::ffff:127.0.0.1]/": "not to local or translated ones",
    "https://[fe80::1%25eth0]/": "without %",
    "https://[::1/": "look at its host and port",
    "https://[example.com]/": "look at its host and port",
    "https://127.1/": "four decimal numbers",
    "https://2130706433/": "four decimal numbers",
    "https://0x7f000001/": "four decimal numbers",
    "https://0x7f.0.0.1/": "four decimal numbers",
    "https://0177.0.0.1/": "four decimal numbers",
    "https://127.0.0.1./": "not to loopback ones",
    "https://127.0.0.0x1/": "four decimal numbers",
    "https://1.2.3.4.5/": "four decimal numbers",
    "https://example.com%2e127.0.0.1/": "without %",
    "https://%31%32%37.0.0.1/": "without %",
    "https://localhost/": "public internet",
    "https://intranet/": "public internet",
    "https://a.localhost/": "public internet",
    "https://printer.local/": "public internet",
    "https://metadata.google.internal/": "public internet",
    "https://redis.flipbook.svc/": "public internet",
    "https://redis.flipbook.svc.cluster.local/": "public internet",
    "https://1.0.0.127.in-addr.arpa/": "public internet",
    "https://a..example.com/": "not a host name",
    "https://.example.com/": "not a host name",
    "https://./": "not a host name",
    "https://-a.example.com/": "not a host name",
    "https://a_b.example.com/": "not a host name",
    "https://*.example.com/": "not a host name",
    f"https://{'a' * 64}.example.com/": "not a host name",
    f"https://{'a.' * 130}com/": "not a host name",
    f"https://example.com/{'a' * 4096}": "at most 4096 characters",
}


@pytest.mark.parametrize("url", TRICKS, ids=ascii)
def test_a_trick_is_refused_by_its_form_alone(url: str):
    with pytest.raises(AddressRefused) as refusal:
        addresses.parse_callback(url)
    assert TRICKS[url] in str(refusal.value)


GOOD = {
    "https://hooks.example.com/flipbook?job=1&x=%20": ("hooks.example.com", "/flipbook?job=1&x=%20"),
    "https://hooks.example.com": ("hooks.example.com", "/"),
    "https://hooks.example.com?x": ("hooks.example.com", "/?x"),
    "https://hooks.example.com:443/": ("hooks.example.com", "/"),
    "https://hooks.example.com:/": ("hooks.example.com", "/"),
    "HTTPS://Hooks.Example.COM./A": ("hooks.example.com", "/A"),
    "https://xn--exmple-cua.com/": ("xn--exmple-cua.com", "/"),
    "https://8.8.8.8/": ("8.8.8.8", "/"),
    "https://[2606:4700:4700::1111]/x": ("2606:4700:4700::1111", "/x"),
    "https://127.0.0.1.nip.io/": ("127.0.0.1.nip.io", "/"),  # only its addresses can tell
}


@pytest.mark.parametrize("url", GOOD)
def test_an_ordinary_url_is_taken_apart(url: str):
    host, target = GOOD[url]
    assert Callback(scheme="https", host=host, port=443, target=target) == addresses.parse_callback(url)


OPENED = Networks.of(["127.0.0.0/8", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://localhost:8080/hook", "localhost:8080"),
        ("http://127.0.0.1:5000/", "127.0.0.1:5000"),
        ("http://[::1]:5000/", "[::1]:5000"),
        ("http://receiver/", "receiver"),
        ("https://receiver.apps.svc.cluster.local:8443/", "receiver.apps.svc.cluster.local:8443"),
        ("https://hooks.example.com/", "hooks.example.com"),
    ],
)
def test_with_an_opened_network_other_schemes_ports_and_names_are_possible(url: str, authority: str):
    assert authority == addresses.parse_callback(url, OPENED).authority


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.0.1/", "http://169.254.169.254/", "http://8.8.8.8/", "https://8.8.8.8:8443/", "http://2130706433/",
        "http://0177.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://u@localhost/", "ftp://localhost/", "http://localhost:0/",
    ],
)  # fmt: skip
def test_an_opened_network_opens_nothing_else(url: str):
    with pytest.raises(AddressRefused):
        addresses.parse_callback(url, OPENED)


HTTPS = addresses.parse_callback("https://hooks.example.com/")
HTTP = addresses.parse_callback("http://hooks.example.com:8080/", OPENED)


@pytest.mark.parametrize(
    ("callback", "found"),
    [
        (HTTPS, ["93.184.216.34"]),
        (HTTPS, ["93.184.216.34", "2606:4700::1"]),
        (HTTPS, ["10.1.2.3", "93.184.216.34"]),
        (HTTP, ["10.1.2.3"]),
        (HTTP, ["127.0.0.1", "::1"]),
    ],
)
def test_a_name_that_leads_to_good_addresses_only_is_admitted(callback: Callback, found: list[str]):
    addresses.admit(callback, found, OPENED)


REBOUND = [
    (HTTPS, ["192.168.0.1"]),
    (HTTPS, ["93.184.216.34", "192.168.0.1"]),
    (HTTPS, ["2606:4700::1", "fe80::1%2"]),
    (HTTP, ["93.184.216.34"]),
    (HTTP, ["10.1.2.3", "93.184.216.34"]),
    (HTTP, ["169.254.169.254"]),
    (HTTPS, []),
]


def test_any_bad_address_refuses_the_name_and_the_sentence_tells_none_apart():
    sentences = set()
    for callback, found in REBOUND:
        with pytest.raises(AddressRefused) as refusal:
            addresses.admit(callback, found, OPENED)
        sentences.add(str(refusal.value))
    assert {addresses.NOWHERE} == sentences


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_no_text_breaks_the_reader_and_what_it_lets_through_is_plain(url: str):
    try:
        callback = addresses.parse_callback(url)
    except AddressRefused:
        return
    assert ("https", 443) == (callback.scheme, callback.port)
    assert callback.target.startswith("/")
    assert (callback.authority + callback.target).isascii()
    try:
        ipaddress.ip_address(callback.host)
    except ValueError:
        assert "." in callback.host
    else:
        addresses.check(callback.host)
