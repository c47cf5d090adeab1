"""Settings: each bad value names its variable, each field says what it is for."""

import base64
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from shared.core.access import Scope
from shared.core.rate import Rate
from shared.settings import BadSetting, Settings
from tests.architecture.settings_page import docstrings

KEY = "fb_0a1b2c3d_" + "s" * 43
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
SEALING, OLD_SEALING = (base64.b64encode(letter * 32).decode() for letter in (b"n", b"o"))


def test_an_empty_environment_is_a_whole_configuration():
    settings = Settings.from_env({})

    assert ("mochi-1-tiny",) == settings.models
    assert timedelta(seconds=60) == settings.lease
    assert timedelta(days=7) == settings.retention
    assert Path("/weights") == settings.weights_dir
    assert ("", (), 3, "INFO") == (settings.redis_url, settings.api_keys, settings.max_losses, settings.log_level)


def test_a_heartbeat_by_default_has_many_chances_within_a_lease():
    settings = Settings.from_env({})

    assert settings.heartbeat * 10 <= settings.lease


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("REDIS_URL", "redis://store:6379/0", "redis_url", "redis://store:6379/0"),
        ("REDIS_URL", "unix:///run/redis.sock?db=1", "redis_url", "unix:///run/redis.sock?db=1"),
        ("ARTIFACTS_URL", "file:///var/videos", "artifacts_url", "file:///var/videos"),
        ("K_SINK", "http://broker/ns/default", "broker_url", "http://broker/ns/default"),
        ("PUBLIC_URL", "https://videos.example.com/", "public_url", "https://videos.example.com"),
        ("API_KEYS", f" {KEY},\n{KEY} ", "api_keys", (KEY, KEY)),
        ("API_KEYS", f"acme:videos:read={KEY}", "api_keys", (f"acme:videos:read={KEY}",)),
        ("WEBHOOK_SECRET", SECRET, "webhook_secret", SECRET),
        ("WEBHOOK_NETWORKS", "10.0.0.0/8, fd00::/8", "webhook_networks", ("10.0.0.0/8", "fd00::/8")),
        ("MODELS", "mochi-1-preview mochi-1-tiny", "models", ("mochi-1-preview", "mochi-1-tiny")),
        ("MODEL_ALIASES", "", "model_aliases", {}),
        (
            *("MODEL_ALIASES", "sora-2=mochi-1-preview, sora-2-pro=mochi-1-tiny", "model_aliases"),
            {"sora-2": "mochi-1-preview", "sora-2-pro": "mochi-1-tiny"},
        ),
        ("SIZE_POLICY", "nearest", "size_policy", "nearest"),
        ("SECONDS_POLICY", "exact", "seconds_policy", "exact"),
        ("WEIGHTS_DIR", "/data/weights", "weights_dir", Path("/data/weights")),
        ("HEARTBEAT_SECONDS", "0.25", "heartbeat", timedelta(milliseconds=250)),
        ("LEASE_SECONDS", "90\n", "lease", timedelta(seconds=90)),
        ("EVENT_TOKEN", "x" * 32, "event_token", "x" * 32),
        ("IDEMPOTENCY_SECONDS", "60", "idempotency", timedelta(minutes=1)),
        ("MAX_QUEUED", "0", "max_queued", 0),
        ("MAX_RUNNING_PER_TENANT", "3", "max_running_per_tenant", 3),
        ("MAX_WATCHERS_PER_TENANT", "20", "max_watchers_per_tenant", 20),
        ("RATE_LIMIT", " 1500/1", "rate_limit", Rate(1500, 1)),
        ("RATE_LIMIT_CREATE", "1/86400", "rate_limit_create", Rate(1, 86400)),
        ("MAX_ATTEMPTS", "1", "max_losses", 1),
        ("LINK_TTL_SECONDS", "900.0", "link_ttl", timedelta(minutes=15)),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
    ],
)
def test_a_variable_sets_its_field(variable, text, field, value):
    assert value == getattr(Settings.from_env({variable: text}), field)


SECONDS = [f.metadata["variable"] for f in fields(Settings) if f.metadata["variable"].endswith("_SECONDS")]

BAD = [
    *((variable, text) for variable in SECONDS for text in ("", "0", "-1", "nan", "inf", "1e3", "ten", "9999999999")),
    *(("EVENT_TOKEN", text) for text in ("short", "x" * 256, "a b" * 20, "é" * 32)),
    ("LINK_TTL_SECONDS", "900.1"),
    *(("MAX_ATTEMPTS", text) for text in ("", "0", "-1", "1.5", "three")),
    *(("MAX_QUEUED_PER_TENANT", text) for text in ("", "-1", "1.5", "none")),
    *(("RATE_LIMIT", text) for text in ("", "0/60", "60", "60/0", "60/1.5", "-1/1", "1000001/1")),
    *(("MODELS", text) for text in ("", " , ", "sora-2", "mochi-1-tiny sora-2")),
    *(("MODEL_ALIASES", text) for text in ("sora-2", "=mochi-1-tiny", "sora-2=", "sora-2=sora-3", "a=b=mochi-1-tiny")),
    *(("MODEL_ALIASES", text) for text in ("mochi-1-tiny=mochi-1-preview", "a=mochi-1-tiny a=mochi-1-preview")),
    *((variable, text) for variable in ("SIZE_POLICY", "SECONDS_POLICY") for text in ("", "closest", "nearest exact")),
    *(("API_KEYS", text) for text in ("letmein", f"{KEY} letmein", f"{KEY} {KEY[:-1]}t", f"A={KEY}", f"a:b={KEY}")),
    *(("WEBHOOK_SECRET", text) for text in ("letmein", SECRET[:-9], SECRET + "\n")),
    *(("WEBHOOK_NETWORKS", text) for text in ("10.0.0.1/8", "localhost", "10.0.0.0/8 nowhere")),
    *(("REDIS_URL", text) for text in ("nonsense", "redis:6379", "http://store", "redis://h:port", "redis://[::1")),
    *(("ARTIFACTS_URL", text) for text in ("/folder", "s3://", "file://folder/x", "https://bucket")),
    *(
        (variable, text)
        for variable in ("K_SINK", "PUBLIC_URL", "S3_ENDPOINT_URL")
        for text in ("x", "http://", "://x")
    ),
    *(("ENGINE", text) for text in ("", "mocha", "module.Class", "module:")),
    *(("LOG_LEVEL", text) for text in ("", "LOUD", "10")),
]


@pytest.mark.parametrize(("variable", "text"), BAD)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(variable, text):
    with pytest.raises(BadSetting) as caught:
        Settings.from_env({variable: text})

    name, _, rule = str(caught.value).partition(": ")
    assert variable == name
    assert " " in rule


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("API_KEYS", "fb_secret-part-in-a-wrong-form"),
        ("WEBHOOK_SECRET", "whsec_c2VjcmV0"),
        ("REDIS_URL", "redis://user:pass/word@store"),
    ],
)
def test_a_bad_secret_is_not_repeated(variable, text):
    with pytest.raises(BadSetting) as caught:
        Settings.from_env({variable: text})

    assert text not in str(caught.value)
    assert "pass" not in str(caught.value)


def test_variables_that_are_none_of_ours_are_no_error():
    assert Settings.from_env({}) == Settings.from_env({"PATH": "/bin", "LEASE": "none"})


def test_no_two_fields_share_a_variable():
    variables = [f.metadata["variable"] for f in fields(Settings)]

    assert len(set(variables)) == len(variables)


def test_every_field_is_followed_by_a_docstring():
    assert [f.name for f in fields(Settings)] == list(docstrings())


OIDC = {"OIDC_ISSUER": "https://a.example/", "OIDC_AUDIENCE": "flipbook", "OIDC_JWKS": "https://a.example/jwks"}
EVENT_OIDC = {f"EVENT_{name}": value for name, value in OIDC.items()} | {"EVENT_OIDC_SUBJECTS": "system:a system:b"}


def test_an_issuer_is_kept_to_the_letter_and_needs_its_others():
    settings = Settings.from_env(OIDC | EVENT_OIDC)

    assert ("https://a.example/", ("system:a", "system:b")) == (settings.oidc_issuer, settings.event_oidc_subjects)
    assert {Scope.READ, Scope.WRITE} == settings.oidc_scopes
    for name in OIDC | EVENT_OIDC:
        with pytest.raises(BadSetting, match=rf"^{name}: must be set too, or none of "):
            Settings.from_env({**OIDC, **EVENT_OIDC, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_JWKS", "http://a.example/jwks"),
        ("OIDC_JWKS", "file://elsewhere/jwks"),
        ("OIDC_ISSUER", "a.example"),
        ("OIDC_AUDIENCE", "two words"),
        ("OIDC_SCOPES", "videos:read root"),
        ("KEY_PEPPER", "x" * 31),
        ("KEY_PEPPER", "x" * 32 + " " + "y" * 31),
        ("WEBHOOK_KEY", "x" * 31),
        *(("WEBHOOK_SIGNING_KEY", text) for text in ("x" * 31, SEALING, f"whsec_{SEALING}", f"whsk_{SEALING[:-4]}")),
        ("WEBHOOK_KEY", f"{SEALING} {SEALING[:-4]}"),
        ("WEBHOOK_KEY", f"{SEALING} {SEALING} {SEALING}"),
    ],
)
def test_a_wrong_word_about_who_may_come_in_is_named(name, value):
    with pytest.raises(BadSetting, match=f"^{name}: must be") as caught:
        Settings.from_env({**OIDC, name: value})
    assert "x" * 31 not in str(caught.value)


def test_two_peppers_are_the_present_one_and_the_one_before():
    assert ("n" * 32, "o" * 32) == Settings.from_env({"KEY_PEPPER": f"{'n' * 32} {'o' * 32}"}).key_peppers


def test_two_sealing_keys_are_the_present_one_and_the_one_before():
    assert () == Settings.from_env({}).webhook_keys
    assert (b"n" * 32, b"o" * 32) == Settings.from_env({"WEBHOOK_KEY": f"{SEALING} {OLD_SEALING}"}).webhook_keys
