"""What each kind of variable may hold. A reader raises ValueError, with a sentence that says what is allowed."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.core.access import Keyring, Scope
from shared.core.catalog import CATALOG
from shared.core.preset import PRESETS
from shared.core.rate import SECOND, Rate
from shared.core.signing import PrivateKey, secret_key
from shared.core.upload import UploadHosts
from shared.core.wish import POLICIES

REDIS_SCHEMES: Final = ("redis", "rediss", "unix", "redis-cluster", "rediss-cluster")
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def url(*schemes: str) -> Callable[[str], str]:
    """Empty, or a URL with one of the schemes; which of them need a host follows from the scheme."""

    def read(value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port  # both are parsed when they are read
        except ValueError:
            # Not Python's own words: they repeat what may be a password.
            raise ValueError("must be a URL: look at its host and port") from None
        if parts.scheme not in schemes or "://" not in value:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if parts.scheme in ("http", "https", "s3") and not host:
            raise ValueError(f"must be more than {parts.scheme}://: a host or bucket follows")
        if parts.scheme == "file" and (parts.netloc not in ("", "localhost") or not parts.path.startswith("/")):
            raise ValueError("must be file:///absolute/path")
        return value

    return read


def base_url(value: str) -> str:
    return url("http", "https")(value).rstrip("/")


def engine(value: str) -> str:
    if re.fullmatch(r"mochi|[\w.]+:\w+", value) is None:
        raise ValueError(f"must be mochi or module:Class, not {value!r}")
    return value


def words(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def models(value: str) -> tuple[str, ...]:
    names = words(value)
    unknown = [name for name in names if name not in CATALOG]
    if unknown or not names:
        raise ValueError(f"must name one or more of {', '.join(CATALOG)}")
    return names


def switch(value: str) -> bool:
    if value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value == "true"


def presets(value: str) -> tuple[str, ...]:
    names = words(value)
    if not names or len(set(names)) < len(names) or not set(names) <= set(PRESETS):
        raise ValueError(f"must name one or more of {', '.join(PRESETS)}, each once")
    return names


def policy(value: str) -> str:
    if value not in POLICIES:
        raise ValueError(f"must be {' or '.join(POLICIES)}, not {value!r}")
    return value


def model_aliases(value: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for word in words(value):
        alias, _, model = word.partition("=")
        if not alias or alias in CATALOG or alias in found or model not in CATALOG:
            raise ValueError(f"must be pairs alias=model, each alias once and no model's own name, not {word!r}")
        found[alias] = model
    return found


def api_keys(value: str) -> tuple[str, ...]:
    keys = words(value)
    Keyring(keys)
    return keys


def networks(value: str) -> tuple[str, ...]:
    for word in words(value):
        ipaddress.ip_network(word)
    return words(value)


def upload_hosts(value: str) -> tuple[str, ...]:
    return UploadHosts.of(words(value)).names


def seconds(value: str) -> timedelta:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value.strip()) is None or not float(value):
        raise ValueError(f"must be a number of seconds greater than 0, not {value!r}")
    return timedelta(seconds=float(value))


def seconds_up_to(most: int) -> Callable[[str], timedelta]:
    def read(value: str) -> timedelta:
        length = seconds(value)
        if length > timedelta(seconds=most):
            raise ValueError(f"must be at most {most} seconds, not {value!r}")
        return length

    return read


def count(value: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", value.strip()) is None or not int(value):
        raise ValueError(f"must be a whole number of 1 or more, not {value!r}")
    return int(value)


def cap(value: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", value.strip()) is None:
        raise ValueError(f"must be a whole number, 0 for no cap, not {value!r}")
    return int(value)


def rate(value: str) -> Rate:
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,4})", value.strip())
    if match is None or int(match[1]) > int(match[2]) * SECOND:
        raise ValueError(f"must be requests/seconds, for example 60/60, at most one in a microsecond, not {value!r}")
    return Rate(int(match[1]), int(match[2]))


def level(value: str) -> str:
    level = value.upper()
    if level not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, not {value!r}")
    return level


def secret(value: str) -> str:
    if value:
        secret_key(value)
    return value


def word(value: str) -> str:
    if value and re.fullmatch(r"[!-~]{1,255}", value) is None:
        raise ValueError("must be at most 255 visible ASCII characters, without spaces")
    return value


def scopes(value: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(each) for each in words(value))
    except ValueError:
        raise ValueError(f"must be one or more of {', '.join(Scope)}") from None


def peppers(value: str) -> tuple[str, ...]:
    found = tuple(token(word) for word in value.split())
    if len(found) > 2:
        raise ValueError("must be one pepper, or the new one and the one before it")
    return found


def sealing_keys(value: str) -> tuple[bytes, ...]:
    found = value.split()
    try:
        keys = tuple(base64.b64decode(word, validate=True) for word in found)
    except ValueError:
        keys = (b"",)
    if len(keys) > 2 or any(len(key) != 32 for key in keys):
        raise ValueError("must be the base64 of 32 random bytes, or two such: the new one and the one before it")
    return keys


def signing_keys(value: str) -> tuple[str, ...]:
    found = tuple(value.split())
    try:
        keys = [PrivateKey.of(key) for key in found]
    except ValueError as error:
        raise ValueError(f"must be a signing key: {error}") from None
    if len(keys) > 2:
        raise ValueError("must be one signing key, or two: the one that signs and one whose public half is shown too")
    return found


def token(value: str) -> str:
    if value and re.fullmatch(r"[!-~]{32,255}", value) is None:
        raise ValueError("must be 32 to 255 visible ASCII characters")
    return value
