from __future__ import annotations

import pytest

from local.environment import Environment
from local.errors import CannotStart
from local.objects import Platform, SecretKey
from tests.local.stand import platform, service

STORE = SecretKey("Secret", "flipbook-store", "REDIS_URL")
MODELS = SecretKey("ConfigMap", "flipbook", "MODELS")


def environ_of(env, *, caller=None, stands_in=None):
    empty = platform()
    objects = Platform(
        services=empty.services, brokers=(), triggers=(), pings=(), config={("flipbook", "MODELS"): "mochi-1-preview"}
    )
    found = Environment(objects, caller=caller or {}, stands_in={"REDIS_URL": "unix:///s", **(stands_in or {})})
    return found.of(service(env=env))


def test_a_secret_is_stood_in_for():
    assert "unix:///s" == environ_of({"REDIS_URL": STORE})["REDIS_URL"]


def test_a_service_gets_no_stand_in_that_it_did_not_ask_for():
    assert "REDIS_URL" not in environ_of({})


def test_a_literal_that_differs_on_one_machine_is_stood_in_for():
    environ = environ_of({"WEIGHTS_DIR": "/weights"}, stands_in={"WEIGHTS_DIR": "/here"})
    assert "/here" == environ["WEIGHTS_DIR"]


def test_the_rest_comes_from_the_manifests():
    environ = environ_of({"MODELS": MODELS, "CHECKPOINT_SECONDS": "30"})
    assert ("mochi-1-preview", "30") == (environ["MODELS"], environ["CHECKPOINT_SECONDS"])


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [("REDIS_URL", STORE, "redis://x"), ("LEASE_SECONDS", "60", "30"), ("MODELS", MODELS, "mochi-1-tiny")],
)
def test_a_setting_of_the_caller_wins(name, value, given):
    assert given == environ_of({name: value}, caller={name: given})[name]


def test_a_setting_of_the_caller_reaches_a_service_that_does_not_name_it():
    assert "tests.engine:Slow" == environ_of({}, caller={"ENGINE": "tests.engine:Slow"})["ENGINE"]


def test_an_empty_setting_of_the_caller_is_none():
    assert "unix:///s" == environ_of({"REDIS_URL": STORE}, caller={"REDIS_URL": ""})["REDIS_URL"]


def test_other_variables_of_the_caller_lose_against_a_literal():
    assert "yaml" == environ_of({"OTHER": "yaml"}, caller={"OTHER": "caller"})["OTHER"]


def test_keys_of_an_object_store_that_is_not_here_are_left_out():
    key = SecretKey("Secret", "flipbook-artifacts", "AWS_ACCESS_KEY_ID")
    assert "AWS_ACCESS_KEY_ID" not in environ_of({"AWS_ACCESS_KEY_ID": key})
    assert "AKIA" == environ_of({"AWS_ACCESS_KEY_ID": key}, caller={"AWS_ACCESS_KEY_ID": "AKIA"})["AWS_ACCESS_KEY_ID"]


def test_callbacks_may_reach_this_machine():
    assert "127.0.0.0/8,::1/128" == environ_of({})["WEBHOOK_NETWORKS"]


@pytest.mark.parametrize(
    ("env", "caller", "sentence"),
    [
        ({"API_KEYS": SecretKey("Secret", "keys", "API_KEYS")}, {}, "worker needs API_KEYS from Secret keys"),
        ({"OTHER": SecretKey("ConfigMap", "flipbook", "OTHER")}, {}, "worker needs OTHER from ConfigMap flipbook"),
        ({}, {"LEASE_SECONDS": "soon"}, "LEASE_SECONDS: "),
        ({"MODELS": "sora"}, {}, "MODELS: must name one or more of"),
    ],
)
def test_what_is_missing_or_wrong_is_named(env, caller, sentence):
    with pytest.raises(CannotStart, match=sentence):
        environ_of(env, caller=caller)
