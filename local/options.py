"""What the person who starts the runtime may set, by environment variable or on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local.errors import CannotStart
from local.objects import BrokerClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every other setting of the functions is taken from the environment too, see `local/environment.py`."""

    port: int = 8080
    """PORT: the public API on 127.0.0.1; the Broker and /status are on the next one."""
    data_dir: Path = Path(".flipbook")
    """DATA_DIR: keys, Redis data, artifacts and weights."""
    web_dir: Path = Path("web/dist")
    """WEB_DIR: the built page, as submit reads it."""
    redis_url: str = ""
    """REDIS_URL: a server to use instead of the embedded one (redis://, rediss:// or unix://)."""
    accelerators: int = 2
    """ACCELERATORS: instances that may draw at once on a machine without a GPU."""
    window: timedelta | None = None
    """STABLE_WINDOW_SECONDS: how soon idle instances go; overrides every Service's window and retention."""
    tick: timedelta | None = None
    """TICK_SECONDS: how often PingSources fire, instead of by their schedules."""
    broker_class: BrokerClass | None = None
    """--broker-class: how every Broker behaves, whatever the manifests say."""
    chaos: int | None = None
    """--chaos: the seed of what goes wrong, see `chaos.py`."""
    drain: timedelta = timedelta(seconds=30)
    """DRAIN_SECONDS: from the deletion of an instance to its SIGTERM; Knative's is 30 s and cannot be set."""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def broker_port(self) -> int:
        return self.port + 1

    @property
    def broker_url(self) -> str:
        """Where the Brokers' paths begin."""
        return f"http://127.0.0.1:{self.broker_port}"

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str], *, broker_class: BrokerClass | None = None, chaos: int | None = None
    ) -> Options:
        """Raises: CannotStart: Naming the variable and what it may be."""
        window = _number(environ, "STABLE_WINDOW_SECONDS", default=0, low=1, high=3600)
        tick = _number(environ, "TICK_SECONDS", default=0, low=1, high=3600)
        return cls(
            port=_number(environ, "PORT", default=8080, low=1, high=65534),
            data_dir=Path(environ.get("DATA_DIR") or ".flipbook"),
            web_dir=Path(environ.get("WEB_DIR") or "web/dist"),
            redis_url=_redis_url(environ.get("REDIS_URL", "")),
            accelerators=_number(environ, "ACCELERATORS", default=2, low=1, high=64),
            window=timedelta(seconds=window) if window else None,
            tick=timedelta(seconds=tick) if tick else None,
            broker_class=broker_class,
            chaos=chaos,
            drain=timedelta(seconds=_number(environ, "DRAIN_SECONDS", default=30, low=0, high=600)),
        )


def _number(environ: Mapping[str, str], variable: str, *, default: int, low: int, high: int) -> int:
    text = environ.get(variable, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
        raise CannotStart(f"{variable}: {text!r} is not a whole number from {low} to {high}.")
    return int(text)


def _redis_url(url: str) -> str:
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise CannotStart("REDIS_URL: on one machine it must begin with redis://, rediss:// or unix://.")
    return url
