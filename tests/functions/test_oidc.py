"""Tokens at the door of submit: the keys in a file, the issuer away, and what a Trigger's token opens."""

import json
import time

import pytest

from functions.submit.app import create_app
from shared.core import events
from tests.issuer import Issuer

CLUSTER = "https://kubernetes.default.svc.cluster.local"
TRIGGER = "system:serviceaccount:flipbook:wish-oidc-eventing.knative.dev-trigger"


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def cluster():
    return Issuer()


@pytest.fixture
def settings_of_oidc(settings_with, issuer, cluster, tmp_path):
    (tmp_path / "issuer.json").write_bytes(issuer.key_set())
    (tmp_path / "cluster.json").write_bytes(cluster.key_set())

    def build(**changes):
        return settings_with(
            **{
                "OIDC_ISSUER": "https://issuer.example",
                "OIDC_AUDIENCE": "flipbook",
                "OIDC_JWKS": (tmp_path / "issuer.json").as_uri(),
                "EVENT_OIDC_ISSUER": CLUSTER,
                "EVENT_OIDC_AUDIENCE": "flipbook-submit",
                "EVENT_OIDC_JWKS": (tmp_path / "cluster.json").as_uri(),
                "EVENT_OIDC_SUBJECTS": TRIGGER,
            }
            | changes
        )

    return build


@pytest.fixture
def client(settings_of_oidc, services):
    return create_app(settings_of_oidc(), services).test_client()


def times():
    now = int(time.time())
    return {"iat": now, "nbf": now, "exp": now + 60}


@pytest.fixture
def user(issuer):
    def bearer(**changes):
        said = {"iss": "https://issuer.example", "scope": "videos:read videos:write", **times(), **changes}
        return {"Authorization": f"Bearer {issuer.token(**said)}"}

    return bearer


@pytest.fixture
def trigger(cluster):
    def bearer(**changes):
        said = {"iss": CLUSTER, "aud": ["flipbook-submit"], "sub": TRIGGER, **times(), **changes}
        return {"Authorization": f"Bearer {cluster.token(**said)}"}

    return bearer


def event(n=1):
    return {
        "headers": {
            "ce-specversion": "1.0",
            "ce-id": f"wish-{n}",
            "ce-source": "/shop",
            "ce-type": events.REQUESTED,
            "Content-Type": "application/json",
        },
        "data": json.dumps({"prompt": "a red cat"}),
    }


def send(client, path, credentials, n=1):
    said = event(n)
    return client.post(path, data=said["data"], headers=said["headers"] | credentials)


def test_a_token_asks_for_videos_of_its_tenant_as_a_key_does(client, services, user):
    made = client.post("/v1/videos", json={"prompt": "x"}, headers=user())

    assert 202 == made.status_code
    assert "acme" == services.jobs.get(made.json["id"]).tenant
    assert 200 == client.get(f"/v1/videos/{made.json['id']}", headers=user()).status_code
    assert 404 == client.get(f"/v1/videos/{made.json['id']}", headers=user(tenant="eve")).status_code


def test_keys_go_on_working_beside_tokens(client, auth):
    assert 200 == client.get("/v1/videos", headers=auth).status_code


def test_a_refused_token_is_a_401_that_tells_nothing_of_why(client, user):
    said = [
        client.get("/v1/videos", headers=headers)
        for headers in (user(exp=1), user(aud="other"), user(tenant="../x"), {"Authorization": "Bearer a.b.c"})
    ]

    assert {(401, "Bearer")} == {(answer.status_code, answer.headers["WWW-Authenticate"]) for answer in said}
    assert 1 == len({answer.data for answer in said})


def test_admin_needs_the_owner_s_word_and_the_token_s(settings_of_oidc, services, client, user):
    allowing = create_app(settings_of_oidc(OIDC_SCOPES="admin videos:read"), services).test_client()
    credentials = user(scope="admin videos:read")

    assert 403 == client.get("/admin/keys", headers=credentials).status_code
    assert 200 == allowing.get("/admin/keys", headers=credentials).status_code
    assert 403 == allowing.get("/admin/keys", headers=user(scope="videos:read")).status_code


def test_a_token_is_no_key(client, user):
    token = user()["Authorization"].split()[1]

    assert 401 == client.get("/v1/videos", headers={"X-API-Key": token}).status_code
    assert 401 == client.get(f"/v1/videos?access_token={token}").status_code


def test_while_no_keys_of_the_issuer_can_be_had_a_token_is_a_503_and_not_a_401(
    settings_of_oidc, services, user, tmp_path, auth
):
    away = create_app(settings_of_oidc(OIDC_JWKS=(tmp_path / "none").as_uri()), services).test_client()
    answer = away.get("/v1/videos", headers=user())

    assert (503, "store_unavailable") == (answer.status_code, answer.json["error"]["code"])
    assert 200 == away.get("/v1/videos", headers=auth).status_code
    assert 401 == away.get("/v1/videos", headers={"Authorization": "Bearer a.b.c"}).status_code


@pytest.mark.parametrize("path", ["/", "/v1/events"])
def test_a_trigger_s_token_brings_events_and_opens_nothing_else(client, services, trigger, path):
    assert 202 == send(client, path, trigger()).status_code
    assert 1 == services.jobs.depth().waiting
    assert 200 == client.options(path, headers=trigger()).status_code

    for method, other in (("GET", "/v1/videos"), ("POST", "/v1/videos"), ("GET", "/metrics"), ("GET", "/admin/keys")):
        assert 401 == client.open(other, method=method, headers=trigger()).status_code


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "system:serviceaccount:flipbook:default"},
        {"sub": "system:serviceaccount:other:wish-oidc-eventing.knative.dev-trigger"},
        {"aud": ["https://kubernetes.default.svc"]},
        {"aud": ["flipbook"]},
        {"iss": "https://issuer.example"},
        {"exp": 1},
    ],
)
def test_another_token_of_the_cluster_brings_no_events(client, services, trigger, changes):
    assert 401 == send(client, "/", trigger(**changes)).status_code
    assert 0 == services.jobs.depth().waiting


def test_users_and_keys_may_send_events_too(client, user, auth, services):
    said = [send(client, "/", credentials, n).status_code for n, credentials in enumerate((user(), auth))]

    assert [202, 202] == said
    assert 403 == send(client, "/", user(scope="videos:read")).status_code
    assert 2 == services.jobs.depth().waiting


def test_a_trigger_s_token_is_nothing_where_it_is_not_set_up(settings_with, services, trigger):
    bare = create_app(settings_with(), services).test_client()

    assert 401 == send(bare, "/", trigger()).status_code
