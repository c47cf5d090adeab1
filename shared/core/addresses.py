"""Which URLs callbacks may go to. Pure: whoever resolves a name brings its addresses here.

A caller's URL makes us send bytes from inside our network, so: https to public addresses, and
nothing else. The owner may open private networks (`Networks`); a name that leads only into those
may use plain http and any port. A refusal names a rule, never what was found behind a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from shared.core.errors import AddressRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
MAX_URL: Final = 4096
"""Twice what signed URLs of object stores come to, with the session tokens that some carry."""
MAX_HOST: Final = 253

# IANA's special-purpose registries and what clouds hide there. `ipaddress.is_global` is no
# substitute: it lets multicast, 6to4, NAT64 and site-local addresses pass.
DENIED: Final[Mapping[Network, str]] = {
    ip_network(network): kind
    for kind, networks in {
        "loopback": "127.0.0.0/8",
        "unspecified": "0.0.0.0/8",
        "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16",
        "shared": "100.64.0.0/10",
        "link-local": "169.254.0.0/16",
        "reserved": "192.0.0.0/24 192.31.196.0/24 192.52.193.0/24 192.175.48.0/24 240.0.0.0/4"
        " 2001::/23 2620:4f:8000::/48",
        "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
        "relay": "192.88.99.0/24 2002::/16",
        "benchmarking": "198.18.0.0/15",
        "multicast": "224.0.0.0/4",
        "cloud-internal": "168.63.129.16/32",
    }.items()
    for network in networks.split()
}
PUBLIC_V6: Final = IPv6Network("2000::/3")
"""All that IANA ever gave out. Loopback, mapped, NAT64, local, link-local and multicast lie outside."""
INSIDE_NAMES: Final = frozenset({
    "arpa", "cluster", "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost",
    "onion", "private", "svc", "test",
})  # fmt: skip
"""Last labels that mean something only inside some network."""
_LOOPBACK_V4: Final = IPv4Network("127.0.0.0/8")
_LOOPBACK_V6: Final = IPv6Network("::1/128")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

_RULE: Final = "callbacks go to public addresses, by https on port 443"
NOWHERE: Final = f"{_RULE}: this host name leads to none, or not only to such"
UNRESOLVED: Final = "a URL's host name cannot be looked up at the moment; the same request may succeed soon"
"""Said alike of a name that leads inside and of one that leads nowhere: nobody finds out here which names we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """The private networks that the owner opened to callbacks."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Networks:
        """From CIDR texts. ValueError if one is none.

        Who opens 127.0.0.0/8 means this machine, and its `localhost` is often ::1 as well.
        """
        allowed = [ip_network(text) for text in texts]
        if _LOOPBACK_V4 in allowed:
            allowed.append(_LOOPBACK_V6)
        return cls(allowed=tuple(allowed))

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self.allowed if network.version == address.version)


CLOSED: Final = Networks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A well-formed URL: what to connect to, and what to ask for there."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def check(address: str, networks: Networks = CLOSED) -> None:
    """Raises AddressRefused unless callbacks may connect to `address`."""
    kind = _kind(address, networks)
    if kind is not None:
        raise AddressRefused(f"{_RULE}: not to {kind} ones")


def admit(callback: Callback, addresses: Sequence[str], networks: Networks = CLOSED) -> None:
    """Raises AddressRefused unless all `addresses` that the callback's name leads to may be used for it.

    All of them: a name with one good and one bad answer is not ours to choose from. And in one
    sentence, whichever rule it was: callers learn nothing about our network.
    """
    if addresses and all(_is_opened(address, networks) for address in addresses):
        return
    public = all(_kind(address, networks) is None for address in addresses)
    if not addresses or not public or not _is_standard(callback):
        raise AddressRefused(NOWHERE)


def parse_callback(url: str, networks: Networks = CLOSED) -> Callback:
    """The parts of `url`, if its form and, where it names an address, the address are allowed.

    Raises:
        AddressRefused: Naming the rule.
    """
    if len(url) > MAX_URL:
        raise AddressRefused(f"a callback URL has at most {MAX_URL} characters")
    if any(not "!" <= character <= "~" for character in url) or "\\" in url:
        raise AddressRefused("a callback URL is plain ASCII without spaces and backslashes; other names go as punycode")
    callback = _split(url)
    if not networks.allowed and not _is_standard(callback):
        raise AddressRefused("a callback URL begins with https:// and uses port 443")
    address = _literal(callback.host)
    if address is None:
        _check_name(callback.host, networks)
    elif address not in networks:
        check(callback.host, networks)
        if not _is_standard(callback):
            raise AddressRefused(f"{_RULE}: this is another port or scheme")
    return callback


def _split(url: str) -> Callback:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("this is not a URL: look at its host and port") from None
    if parts.scheme not in PORTS:
        raise AddressRefused("a callback URL begins with https://")
    if not parts.hostname:
        raise AddressRefused("a callback URL names a host after https://")
    if "@" in parts.netloc:
        raise AddressRefused("a callback URL holds no user name and no password")
    if "#" in url:
        raise AddressRefused("a callback URL has no fragment (#...)")
    if port == 0:
        raise AddressRefused("port 0 is no port")
    return Callback(
        scheme=parts.scheme,
        host=parts.hostname.removesuffix("."),
        port=port or PORTS[parts.scheme],
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def _check_name(host: str, networks: Networks) -> None:
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("this is not a host name: labels of a-z 0-9 - with dots between")
    if _NUMBER.fullmatch(labels[-1]):
        # Resolvers read 127.1, 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1.
        raise AddressRefused("an address is written as four decimal numbers with dots, or as IPv6 in brackets")
    if not networks.allowed and (len(labels) < 2 or labels[-1] in INSIDE_NAMES):
        raise AddressRefused("the host's name must be one of the public internet, such as hooks.example.com")


def _is_standard(callback: Callback) -> bool:
    return (callback.scheme, callback.port) == ("https", 443)


def _literal(host: str) -> Address | None:
    if "%" in host:
        raise AddressRefused("a host is written without %: a zone means something on one machine only")
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_opened(address: str, networks: Networks) -> bool:
    parsed = ip_address(address)
    return getattr(parsed, "scope_id", None) is None and parsed in networks


def _kind(address: str, networks: Networks) -> str | None:
    """What kind of address it is that callbacks must not reach; None: they may."""
    if _is_opened(address, networks):
        return None
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and (parsed.scope_id is not None or parsed not in PUBLIC_V6):
        return "loopback" if parsed.is_loopback else "local or translated"
    return next(
        (kind for network, kind in DENIED.items() if parsed.version == network.version and parsed in network), None
    )
