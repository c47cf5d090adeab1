"""What can be set from outside. The only reader of the environment; read once per process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from shared.core.access import Scope
from shared.core.rate import Rate
from shared.settings import readers
from shared.settings.readers import REDIS_SCHEMES as REDIS_SCHEMES


class BadSetting(ValueError):
    """A variable has a value that cannot be used; the message names it and what is allowed."""


def _setting(variable: str, read: Callable[[str], Any], default: str) -> Any:
    return field(metadata={"variable": variable, "read": read, "default": default})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each field is one environment variable; `from_env` names them in its errors."""

    redis_url: str = _setting("REDIS_URL", readers.url(*readers.REDIS_SCHEMES, "memory"), "")
    """The job store: redis://, rediss://, unix://, redis-cluster:// or memory:// (one process, tests)."""
    artifacts_url: str = _setting("ARTIFACTS_URL", readers.url("s3", "file", "memory"), "")
    """The artifact store: file:///folder, s3://bucket/prefix or memory://."""
    s3_endpoint_url: str = _setting("S3_ENDPOINT_URL", readers.url("http", "https"), "")
    """S3 server other than AWS; empty: AWS. Credentials come from boto3's own chain."""
    broker_url: str = _setting("K_SINK", readers.url("http", "https", "memory"), "")
    """Where CloudEvents are posted: the Broker's address. Knative's name for it."""
    api_keys: tuple[str, ...] = _setting("API_KEYS", readers.api_keys, "")
    """Keys that open the API: `fb_<id>_<secret>` each. Before a key may stand whose it is (`acme=fb_...`) and what
    it may do (`acme:videos:read+videos:write=fb_...`); a key alone opens everything of the tenant `default`. The
    scopes are `videos:read`, `videos:write` (create, cancel, retry, delete), `videos:priority` (high priority too) and
    `admin` (`/metrics`, `/admin/`)."""
    key_peppers: tuple[str, ...] = _setting("KEY_PEPPER", readers.peppers, "")
    """Under which the secrets of stored API keys are digested: 32 to 255 visible characters, best random. Two,
    separated by a space: the first makes new keys, the other still opens those that were made under it. Empty: no
    keys are stored, and those of `API_KEYS` alone open."""
    rate_limit_create: Rate = _setting("RATE_LIMIT_CREATE", readers.rate, "600/60")
    """What one API key may create: `600/60` is 600 videos at once, which grow back evenly within 60 seconds."""
    rate_limit: Rate = _setting("RATE_LIMIT", readers.rate, "6000/60")
    """What one API key may ask besides, in the same form. For 1,500 requests per second: `90000/60`."""
    oidc_issuer: str = _setting("OIDC_ISSUER", readers.url("https", "http"), "")
    """Whose tokens open the API beside keys: the exact `iss`. With OIDC_AUDIENCE and OIDC_JWKS; empty: nobody's."""
    oidc_audience: str = _setting("OIDC_AUDIENCE", readers.word, "")
    """What such a token's `aud` must name."""
    oidc_jwks: str = _setting("OIDC_JWKS", readers.url("https", "file"), "")
    """Where the issuer's public keys lie: https://... or file:///... (JWKS). They are read again every 10 minutes."""
    oidc_tenant_claim: str = _setting("OIDC_TENANT_CLAIM", readers.word, "tenant")
    """The claim that names the tenant, in the form of tenants in `API_KEYS`."""
    oidc_scope_claim: str = _setting("OIDC_SCOPE_CLAIM", readers.word, "scope")
    """The claim that holds the scopes: a list, or words between spaces. Words that are no scopes are passed over."""
    oidc_scopes: frozenset[Scope] = _setting("OIDC_SCOPES", readers.scopes, "videos:read videos:write")
    """What a token may open at most. With `admin` whoever can set the claim owns the whole platform."""
    event_oidc_issuer: str = _setting("EVENT_OIDC_ISSUER", readers.url("https", "http"), "")
    """Whose tokens open submit's event routes too: for a Trigger, the cluster's. All four EVENT_OIDC_*, or none."""
    event_oidc_audience: str = _setting("EVENT_OIDC_AUDIENCE", readers.word, "")
    """What such a token's `aud` must name: the `audience` of the Trigger's subscriber."""
    event_oidc_jwks: str = _setting("EVENT_OIDC_JWKS", readers.url("https", "file"), "")
    """Where that issuer's public keys lie: https://... or file:///..."""
    event_oidc_subjects: tuple[str, ...] = _setting("EVENT_OIDC_SUBJECTS", readers.words, "")
    """Who may send: each exact `sub`, of a Trigger
    `system:serviceaccount:<namespace>:<trigger>-oidc-eventing.knative.dev-trigger`. In a cluster any pod can get a
    token for any audience, so an audience alone opens nothing."""
    event_token: str = _setting("EVENT_TOKEN", readers.token, "")
    """Opens submit's event routes, as header X-Flipbook-Event-Token: 32 to 255 visible characters; empty: keys only."""
    webhook_secret: str = _setting("WEBHOOK_SECRET", readers.secret, "")
    """Signs callbacks: `whsec_<base64 of 24 to 64 bytes>`."""
    webhook_signing_keys: tuple[str, ...] = _setting("WEBHOOK_SIGNING_KEY", readers.signing_keys, "")
    """Signs callbacks too, for receivers that have no secret: `whsk_<base64 of 32 random bytes>`, an Ed25519 key. Two,
    separated by a space: the first signs, the public halves of both stand at /.well-known/jwks.json. Empty: neither."""
    webhook_keys: tuple[bytes, ...] = _setting("WEBHOOK_KEY", readers.sealing_keys, "")
    """Under which the secrets of webhook endpoints, and of videos' own webhooks with their headers, are sealed in the
    store: base64 of 32 random bytes. Two, separated by a space: the first seals, the other still opens what was
    sealed under it. Empty: none can be registered or given."""
    webhook_networks: tuple[str, ...] = _setting("WEBHOOK_NETWORKS", readers.networks, "")
    """Private networks that callbacks may reach all the same (CIDR), over plain HTTP and any port too."""
    webhook_timeout: timedelta = _setting("WEBHOOK_TIMEOUT_SECONDS", readers.seconds, "15")
    """One callback's whole exchange."""
    upload_hosts: tuple[str, ...] = _setting("UPLOAD_HOSTS", readers.upload_hosts, "")
    """Hosts to which callers may have their videos sent (`output.upload_url`): names, `*.example.com` for all below
    one, `*` for every public one. Empty: none."""
    upload_timeout: timedelta = _setting("UPLOAD_TIMEOUT_SECONDS", readers.seconds_up_to(60), "60")
    """One upload's whole exchange; 60 at most, since notify's requests end."""
    public_url: str = _setting("PUBLIC_URL", readers.base_url, "")
    """Put before the links in answers and callbacks; empty: links are paths."""

    web_dir: Path = _setting("WEB_DIR", Path, "web/dist")
    """The built page, which submit serves at `/`; where it was not built there is none. Read once, at the start."""

    models: tuple[str, ...] = _setting("MODELS", readers.models, "mochi-1-tiny")
    """Models offered, the default one first."""
    model_aliases: Mapping[str, str] = _setting("MODEL_ALIASES", readers.model_aliases, "")
    """Other names that callers may use: `sora-2=mochi-1-preview`, separated by spaces. Answers tell the real model."""
    size_policy: str = _setting("SIZE_POLICY", readers.policy, "exact")
    """What becomes of a size that the model cannot draw, where the request does not say (`size_policy`): `exact`, it is
    refused, or `nearest`, the nearest is drawn, and the answer says which. OpenAI's sizes need `nearest`."""
    seconds_policy: str = _setting("SECONDS_POLICY", readers.policy, "exact")
    """The same of a length beyond the model's longest (`seconds_policy`): Mochi-1 draws 5.43 of OpenAI's 8 seconds."""
    presets: tuple[str, ...] = _setting("PRESETS", readers.presets, "exact turbo")
    """How callers may have videos drawn: `exact`, `fast` (GPUs that multiply 8-bit floats) and `turbo`, the default one
    first. submit refuses all others, and generate does not start on a GPU that lacks one of these."""
    compiled: bool = _setting("COMPILE", readers.switch, "false")
    """`true`: the transformer's blocks are compiled on the GPU, which makes each step faster and the first ones of each
    process some 10 to 20 seconds slower, unless kernels lie beside the weights (docs/drawing.md). Takes a C compiler,
    which the image `gpu` has."""
    fp8_attention: bool = _setting("FP8_ATTENTION", readers.switch, "false")
    """`true`: the preset `fast` multiplies 8-bit floats in its attention too. It has not been run on a GPU yet: try it
    before you offer it. generate compares it with bfloat16 when it starts, and does not start where it is off."""
    weights_dir: Path = _setting("WEIGHTS_DIR", Path, "/weights")
    """Holds one folder per model id, as diffusers saves it."""
    engine: str = _setting("ENGINE", readers.engine, "mochi")
    """What draws: `mochi`, or module:Class of another VideoEngine (benchmarks, fault tests)."""

    c2pa_certificate: str = _setting("C2PA_CERTIFICATE", str, "")
    """A PEM file: the chain, leaf first and without its root, under which videos are sealed (C2PA). Needs
    `functions/generate/requirements-c2pa.txt`. Empty: they are not."""
    c2pa_key: str = _setting("C2PA_KEY", str, "")
    """A PEM file: the key of that certificate, PKCS #8, on the curve P-256."""

    lease: timedelta = _setting("LEASE_SECONDS", readers.seconds, "60")
    """A worker not heard of for this long has lost its job."""
    heartbeat: timedelta = _setting("HEARTBEAT_SECONDS", readers.seconds, "4")
    """Between renewals of the lease; a cancellation is heard at the same time."""
    checkpoint: timedelta = _setting("CHECKPOINT_SECONDS", readers.seconds, "30")
    """Between checkpoints of a drawing."""
    request_timeout: timedelta = _setting("REQUEST_TIMEOUT_SECONDS", readers.seconds, "600")
    """The Knative Service's timeoutSeconds: a slice ends before it."""
    max_losses: int = _setting("MAX_ATTEMPTS", readers.count, "3")
    """A job whose worker was lost this often fails."""
    max_queued: int = _setting("MAX_QUEUED", readers.cap, "0")
    """How many jobs may wait in the queue, of all tenants together; 0: no cap."""
    max_queued_per_tenant: int = _setting("MAX_QUEUED_PER_TENANT", readers.cap, "0")
    """How many jobs of one tenant may wait; 0: no cap."""
    max_running_per_tenant: int = _setting("MAX_RUNNING_PER_TENANT", readers.cap, "0")
    """How many jobs of one tenant are drawn at a time, while others' go first; 0: no cap."""
    max_watchers_per_tenant: int = _setting("MAX_WATCHERS_PER_TENANT", readers.cap, "1000")
    """How many callers of one tenant may follow videos at a time (events, `?wait=`) on one instance of submit, which
    has 2,000 places; 0: all of them."""
    retry_window: timedelta = _setting("RETRY_WINDOW_SECONDS", readers.seconds, "180")
    """For so long the retry of a client that sends a count and no key (OpenAI's) finds the video of its first try."""
    queue_ttl: timedelta = _setting("QUEUE_TTL_SECONDS", readers.seconds, "86400")
    """A job nobody took for this long expires."""
    retention: timedelta = _setting("RETENTION_SECONDS", readers.seconds, "604800")
    """A finished job and its artifacts go after this long."""
    idempotency: timedelta = _setting("IDEMPOTENCY_SECONDS", readers.seconds, "86400")
    """For so long a repeated request (Idempotency-Key, client id, event) finds the job of the first."""
    batch_limit: int = _setting("BATCH_LIMIT", readers.count, "32")
    """Videos that one `POST /v1/videos/batch` may ask for. Its body is bounded as any other, to 64 KiB."""
    link_ttl: timedelta = _setting("LINK_TTL_SECONDS", readers.seconds_up_to(900), "900")
    """How long a presigned link to an artifact works; 900 at most, since nobody can take one back."""
    long: timedelta = _setting("LONG_SECONDS", readers.seconds, "300")
    """A video that is expected to take more GPU time than this is called long."""
    resend: timedelta = _setting("RESEND_SECONDS", readers.seconds, "10")
    """recover sends outbox rows older than this."""
    wake_limit: int = _setting("WAKE_LIMIT", readers.count, "16")
    """How many instances of generate there can be, its max-scale: more bells than that are never rung at once."""
    log_level: str = _setting("LOG_LEVEL", readers.level, "INFO")
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
        for names in _TOGETHER:
            missing = [name for name in names if not getattr(settings, name)]
            if 0 < len(missing) < len(names):
                raise BadSetting(f"{missing[0].upper()}: must be set too, or none of {_spoken(names)}")
        return settings


_TOGETHER: Final = (
    ("oidc_issuer", "oidc_audience", "oidc_jwks"),
    ("event_oidc_issuer", "event_oidc_audience", "event_oidc_jwks", "event_oidc_subjects"),
)
"""Settings of which one is worth nothing without the others."""


def _spoken(names: Sequence[str]) -> str:
    return ", ".join(name.upper() for name in names)
