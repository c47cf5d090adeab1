"""What can be set from outside. The only reader of the environment; read once per process."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from shared.core.access import Keyring
from shared.core.catalog import CATALOG
from shared.core.signing import secret_key

REDIS_SCHEMES: Final = ("redis", "rediss", "unix", "redis-cluster", "rediss-cluster")
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class BadSetting(ValueError):
    """A variable has a value that cannot be used; the message names it and what is allowed."""


def _url(*schemes: str) -> Callable[[str], str]:
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


def _base_url(value: str) -> str:
    return _url("http", "https")(value).rstrip("/")


def _engine(value: str) -> str:
    if re.fullmatch(r"mochi|[\w.]+:\w+", value) is None:
        raise ValueError(f"must be mochi or module:Class, not {value!r}")
    return value


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def _models(value: str) -> tuple[str, ...]:
    names = _words(value)
    unknown = [name for name in names if name not in CATALOG]
    if unknown or not names:
        raise ValueError(f"must name one or more of {', '.join(CATALOG)}")
    return names


def _model_aliases(value: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for word in _words(value):
        alias, _, model = word.partition("=")
        if not alias or alias in CATALOG or alias in found or model not in CATALOG:
            raise ValueError(f"must be pairs alias=model, each alias once and no model's own name, not {word!r}")
        found[alias] = model
    return found


def _api_keys(value: str) -> tuple[str, ...]:
    keys = _words(value)
    Keyring(keys)
    return keys


def _networks(value: str) -> tuple[str, ...]:
    for word in _words(value):
        ipaddress.ip_network(word)
    return _words(value)


def _seconds(value: str) -> timedelta:
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value.strip()) is None or not float(value):
        raise ValueError(f"must be a number of seconds greater than 0, not {value!r}")
    return timedelta(seconds=float(value))


def _count(value: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", value.strip()) is None or not int(value):
        raise ValueError(f"must be a whole number of 1 or more, not {value!r}")
    return int(value)


def _level(value: str) -> str:
    level = value.upper()
    if level not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, not {value!r}")
    return level


def _secret(value: str) -> str:
    if value:
        secret_key(value)
    return value


def _token(value: str) -> str:
    if value and re.fullmatch(r"[!-~]{32,255}", value) is None:
        raise ValueError("must be 32 to 255 visible ASCII characters")
    return value


def _setting(variable: str, read: Callable[[str], Any], default: str) -> Any:
    return field(metadata={"variable": variable, "read": read, "default": default})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is one environment variable; `from_env` names them in its errors."""

    redis_url: str = _setting("REDIS_URL", _url(*REDIS_SCHEMES, "memory"), "")
    """The job store: redis://, rediss://, unix://, redis-cluster:// or memory:// (one process, tests)."""
    artifacts_url: str = _setting("ARTIFACTS_URL", _url("s3", "file", "memory"), "")
    """The artifact store: file:///folder, s3://bucket/prefix or memory://."""
    s3_endpoint_url: str = _setting("S3_ENDPOINT_URL", _url("http", "https"), "")
    """S3 server other than AWS; empty: AWS. Credentials come from boto3's own chain."""
    broker_url: str = _setting("K_SINK", _url("http", "https", "memory"), "")
    """Where CloudEvents are posted: the Broker's address. Knative's name for it."""
    api_keys: tuple[str, ...] = _setting("API_KEYS", _api_keys, "")
    """Keys that open the API: `fb_<id>_<secret>` each. Before a key may stand whose it is (`acme=fb_...`) and what
    it may do (`acme:videos:read+videos:write=fb_...`); a key alone opens everything of the tenant `default`. The
    scopes are `videos:read`, `videos:write` (create, cancel, retry, delete) and `admin` (`/metrics`, `/admin/`)."""
    event_token: str = _setting("EVENT_TOKEN", _token, "")
    """Opens submit's event routes, as header X-Flipbook-Event-Token: 32 to 255 visible characters; empty: keys only."""
    webhook_secret: str = _setting("WEBHOOK_SECRET", _secret, "")
    """Signs callbacks: `whsec_<base64 of 24 to 64 bytes>`."""
    webhook_networks: tuple[str, ...] = _setting("WEBHOOK_NETWORKS", _networks, "")
    """Private networks that callbacks may reach all the same (CIDR), over plain HTTP and any port too."""
    webhook_timeout: timedelta = _setting("WEBHOOK_TIMEOUT_SECONDS", _seconds, "15")
    """One callback's whole exchange."""
    public_url: str = _setting("PUBLIC_URL", _base_url, "")
    """Put before the links in answers and callbacks; empty: links are paths."""

    models: tuple[str, ...] = _setting("MODELS", _models, "mochi-1-tiny")
    """Models offered, the default one first."""
    model_aliases: Mapping[str, str] = _setting("MODEL_ALIASES", _model_aliases, "")
    """Other names that callers may use: `sora-2=mochi-1-preview`, separated by spaces. Answers tell the real model."""
    weights_dir: Path = _setting("WEIGHTS_DIR", Path, "/weights")
    """Holds one folder per model id, as diffusers saves it."""
    engine: str = _setting("ENGINE", _engine, "mochi")
    """What draws: `mochi`, or module:Class of another VideoEngine (benchmarks, fault tests)."""

    lease: timedelta = _setting("LEASE_SECONDS", _seconds, "60")
    """A worker not heard of for this long has lost its job."""
    heartbeat: timedelta = _setting("HEARTBEAT_SECONDS", _seconds, "4")
    """Between renewals of the lease; a cancellation is heard at the same time."""
    checkpoint: timedelta = _setting("CHECKPOINT_SECONDS", _seconds, "30")
    """Between checkpoints of a drawing."""
    request_timeout: timedelta = _setting("REQUEST_TIMEOUT_SECONDS", _seconds, "600")
    """The Knative Service's timeoutSeconds: a slice ends before it."""
    max_losses: int = _setting("MAX_ATTEMPTS", _count, "3")
    """A job whose worker was lost this often fails."""
    queue_ttl: timedelta = _setting("QUEUE_TTL_SECONDS", _seconds, "86400")
    """A job nobody took for this long expires."""
    retention: timedelta = _setting("RETENTION_SECONDS", _seconds, "604800")
    """A finished job and its artifacts go after this long."""
    idempotency: timedelta = _setting("IDEMPOTENCY_SECONDS", _seconds, "86400")
    """For so long a repeated request (Idempotency-Key, client id, event) finds the job of the first."""
    link_ttl: timedelta = _setting("LINK_TTL_SECONDS", _seconds, "900")
    """How long a presigned link to an artifact works."""
    resend: timedelta = _setting("RESEND_SECONDS", _seconds, "10")
    """recover sends outbox rows older than this."""
    wake_limit: int = _setting("WAKE_LIMIT", _count, "16")
    """How many instances of generate there can be, its max-scale: more bells than that are never rung at once."""
    log_level: str = _setting("LOG_LEVEL", _level, "INFO")
    """From which severity our own log lines are written: DEBUG, INFO, WARNING, ERROR or CRITICAL."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read every setting from `environ`, by default the process's own.

        Raises:
            BadSetting: Naming the variable and what it may be.
        """
        source = os.environ if environ is None else environ
        values = {}
        for f in fields(cls):
            variable = f.metadata["variable"]
            text = source.get(variable, f.metadata["default"])
            try:
                values[f.name] = f.metadata["read"](text)
            except ValueError as error:
                raise BadSetting(f"{variable}: {error}") from None
        settings = cls(**values)
        if 2 * settings.heartbeat > settings.lease:
            raise BadSetting("HEARTBEAT_SECONDS: must be at most half of LEASE_SECONDS, or one late beat loses the job")
        return settings
