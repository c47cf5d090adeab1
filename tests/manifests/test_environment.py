"""Each function is told what it needs, and no more secrets than that."""

import ast
from dataclasses import fields
from datetime import timedelta

import pytest

from local.objects import SecretKey
from shared.settings import Settings

FUNCTIONS = ("submit", "generate", "notify", "recover")
NAMES = {field.name: field.metadata["variable"] for field in fields(Settings)}
VARIABLES = set(NAMES.values())
SECRETS = {
    ("flipbook-store", "REDIS_URL"): "redis://127.0.0.1:6379",
    ("flipbook-artifacts", "AWS_ACCESS_KEY_ID"): "someone",
    ("flipbook-artifacts", "AWS_SECRET_ACCESS_KEY"): "something",
    ("flipbook-api-keys", "API_KEYS"): "fb_00000000_" + 32 * "x",
    ("flipbook-api-keys", "KEY_PEPPER"): 64 * "0",
    ("flipbook-webhooks", "WEBHOOK_SECRET"): "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
    ("flipbook-webhooks", "WEBHOOK_KEY"): "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    ("flipbook-webhooks", "WEBHOOK_SIGNING_KEY"): "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}


@pytest.fixture
def environment(platform, services):
    def of(name):
        def value(entry):
            if not isinstance(entry, SecretKey):
                return entry
            source = platform.config if entry.kind == "ConfigMap" else SECRETS
            return source[entry.name, entry.key]

        return {variable: value(entry) for variable, entry in services[name].env.items()}

    return of


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_variable_is_a_setting_or_for_the_s3_client(services, name):
    unknown = {each for each in services[name].env if each not in VARIABLES and not each.startswith("AWS_")}

    assert set() == unknown


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_settings_can_be_read_and_know_the_requests_limit(services, environment, name):
    settings = Settings.from_env(environment(name))

    assert services[name].timeout == settings.request_timeout


def taken(root, name):
    """The variables of the settings that a function's own code reads, as `settings.long` or `self._settings.long`."""
    for file in (root / "functions" / name).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("settings") and node.attr in NAMES:
                yield NAMES[node.attr]


def configured(platform):
    return {key for config, key in platform.config if config == "flipbook"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_hears_of_each_setting_of_the_operators_that_it_reads(platform, services, root, name):
    read = set(taken(root, name))
    told = {variable for variable, entry in services[name].env.items() if isinstance(entry, SecretKey)}

    assert read
    assert set() == read & configured(platform) - told


def test_what_an_operator_sets_reaches_some_function(platform, services):
    told = {
        entry.key
        for service in services.values()
        for entry in service.env.values()
        if isinstance(entry, SecretKey) and entry.kind == "ConfigMap"
    }

    assert set() == configured(platform) - told


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("submit", {"flipbook-store", "flipbook-artifacts", "flipbook-api-keys", "flipbook-webhooks"}),
        ("generate", {"flipbook-store", "flipbook-artifacts"}),
        ("notify", {"flipbook-store", "flipbook-webhooks", "flipbook-artifacts"}),
        ("recover", {"flipbook-store", "flipbook-artifacts"}),
    ],
)
def test_a_function_gets_only_the_secrets_that_it_needs(services, name, secrets):
    entries = [each for each in services[name].env.values() if isinstance(each, SecretKey)]

    assert secrets == {each.name for each in entries if each.kind == "Secret"}


def test_a_secret_is_never_written_down(services, objects):
    secret = {variable for _, variable in SECRETS}

    assert [] == [each for each in objects if each["kind"] == "Secret"]
    for service in services.values():
        told = {name: entry for name, entry in service.env.items() if name in secret}
        assert [] == [
            name for name, entry in told.items() if not (isinstance(entry, SecretKey) and entry.kind == "Secret")
        ]


def test_the_readme_tells_how_to_make_every_secret(root):
    text = (root / "knative" / "README.md").read_text()

    for name, key in SECRETS:
        assert f"create secret generic {name} " in text
        assert f"`{key}`" in text


def test_the_broker_is_addressed_by_its_namespace_and_name(platform, environment):
    (broker,) = platform.brokers

    for name in ("submit", "generate", "recover"):
        assert environment(name)["K_SINK"].endswith(f".svc.cluster.local/{broker.namespace}/{broker.name}")


def test_a_lease_survives_a_few_lost_heartbeats(environment):
    settings = Settings.from_env(environment("generate"))

    assert settings.lease >= 3 * settings.heartbeat
    assert settings.checkpoint < settings.request_timeout - timedelta(minutes=1)


def test_the_weights_are_looked_for_where_they_are_mounted(containers, environment):
    mounts = {each["mountPath"] for each in containers["generate"]["volumeMounts"]}

    assert environment("generate")["WEIGHTS_DIR"] in mounts
