"""/admin/keys: keys are made, shown once, exchanged and closed, for every tenant, by admins alone."""

import logging

import pytest

from functions.submit.app import create_app
from shared.core.access import new_api_key
from tests.pages import listed

PEPPER = "an old pepper, of more than 32 characters".replace(" ", "-")
WISH = {"tenant": "acme", "scopes": ["videos:read"], "label": "dashboard"}


@pytest.fixture
def settings(settings_with):
    return settings_with(KEY_PEPPER=PEPPER)


@pytest.fixture
def admin(client, auth):
    def ask(method, path="", **arguments):
        return client.open(f"/admin/keys{path}", method=method, headers=auth, **arguments)

    return ask


def opened(client, key, path="/v1/videos", header="Authorization"):
    value = f"Bearer {key}" if header == "Authorization" else key
    return client.get(path, headers={header: value}).status_code


def test_a_new_key_is_told_once_and_opens_at_once(client, admin):
    made = admin("POST", json=WISH)

    entry = made.json
    assert (201, f"/admin/keys/{entry['id']}") == (made.status_code, made.headers["Location"])
    assert 200 == opened(client, entry["key"])
    assert "no-store" == made.headers["Cache-Control"]
    shown = {name: value for name, value in entry.items() if name != "key"}
    assert shown == admin("GET", f"/{entry['id']}").json
    assert [shown] == admin("GET").json["data"]
    assert ("acme", ["videos:read"], "dashboard", "active") == tuple(
        shown[name] for name in ("tenant", "scopes", "label", "status")
    )
    assert (None, None, None, None) == tuple(
        shown[name] for name in ("expires_at", "revoked_at", "rotated_at", "old_secret_ends_at")
    )


def test_a_stored_key_opens_its_scopes_of_its_tenant_only(client, admin):
    key = admin("POST", json=WISH).json["key"]
    answer = client.post("/v1/videos", json={"prompt": "x"}, headers={"Authorization": f"Bearer {key}"})

    assert (403, "this API key lacks the scope videos:write") == (answer.status_code, answer.json["detail"])
    assert [403, 403] == [opened(client, key, path) for path in ("/admin/keys", "/metrics")]


def test_a_key_may_be_shown_in_a_header_of_its_own_and_a_bearer_s_word_counts_first(client, api_key):
    other = new_api_key()

    assert 200 == opened(client, api_key, header="X-API-Key")
    assert 401 == opened(client, other, header="X-API-Key")
    both = {"Authorization": f"Bearer {other}", "X-API-Key": api_key}
    assert 401 == client.get("/v1/videos", headers=both).status_code
    basic = {"Authorization": "Basic YTpi", "X-API-Key": api_key}
    assert 200 == client.get("/v1/videos", headers=basic).status_code
    assert 401 == client.get("/v1/videos", headers={"X-API-Key": f"Bearer {api_key}"}).status_code
    assert 401 == client.get(f"/v1/videos?api_key={api_key}&X-API-Key={api_key}").status_code


def test_a_revoked_key_stays_on_the_list_and_cannot_come_back(admin):
    made = admin("POST", json=WISH).json

    for _ in range(2):
        assert (200, "revoked") == (
            (answer := admin("POST", f"/{made['id']}/revoke")).status_code,
            answer.json["status"],
        )
    assert ["revoked"] == [entry["status"] for entry in admin("GET").json["data"]]
    again = admin("POST", f"/{made['id']}/rotate", json={})
    assert (409, "key_not_live", "false") == (
        again.status_code,
        again.json["error"]["code"],
        again.headers["x-should-retry"],
    )


def test_a_rotation_tells_the_new_key_and_until_when_the_old_one_opens(client, admin):
    made = admin("POST", json=WISH).json
    rotated = admin("POST", f"/{made['id']}/rotate", json={"overlap_seconds": 3600}).json

    assert made["id"] == rotated["id"]
    assert made["key"] != rotated["key"]
    assert 3600 == rotated["old_secret_ends_at"] - rotated["rotated_at"]
    assert [200, 200] == [opened(client, each["key"]) for each in (made, rotated)]
    assert "rotation_under_way" == admin("POST", f"/{made['id']}/rotate", json={}).json["error"]["code"]
    alone = admin("POST", f"/{made['id']}/rotate", json={"overlap_seconds": 0}).json
    assert None is alone["old_secret_ends_at"]


def test_a_deleted_key_is_not_found(admin):
    made = admin("POST", json=WISH).json

    assert {"id": made["id"], "object": "api_key.deleted", "deleted": True} == admin("DELETE", f"/{made['id']}").json
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/revoke")):
        assert 404 == admin(method, f"/{made['id']}{path}").status_code
    assert 404 == admin("POST", f"/{made['id']}/rotate", json={}).status_code


@pytest.mark.parametrize("key_id", ["x", "0A1B2C3D", "0a1b2c3d4", "*", "%7Bflipbook%7D", "..", "%00" * 8])
def test_what_is_no_id_is_not_found(admin, key_id):
    assert 404 == admin("GET", f"/{key_id}").status_code


def test_pages_show_all_keys_or_those_of_one_tenant(admin):
    ids = [admin("POST", json=WISH | {"tenant": tenant}).json["id"] for tenant in ("ada", "eve") * 3]
    found = listed(lambda after: admin("GET", f"?limit=4{after}"), pages=2)

    assert sorted(ids) == [entry["id"] for entry in found]
    page = admin("GET", "?tenant=eve&limit=3").json
    assert (sorted(ids[1::2]), False) == ([entry["id"] for entry in page["data"]], page["has_more"])
    assert {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False} == admin(
        "GET", "?tenant=nobody"
    ).json
    assert 400 == admin("GET", "?limit=0").status_code


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/tenant", "/scopes"]),
        ([], [""]),
        (WISH | {"tenant": "-a"}, ["/tenant"]),
        (WISH | {"scopes": []}, ["/scopes"]),
        (WISH | {"scopes": "admin"}, ["/scopes"]),
        (WISH | {"scopes": ["root"]}, ["/scopes/0"]),
        (WISH | {"scopes": ["admin", "admin"]}, ["/scopes"]),
        (WISH | {"label": "x" * 101}, ["/label"]),
        (WISH | {"label": "a\nb"}, ["/label"]),
        (WISH | {"label": "\u202e"}, ["/label"]),
        (WISH | {"expires_in_seconds": 0}, ["/expires_in_seconds"]),
        (WISH | {"expires_in_seconds": 10**12}, ["/expires_in_seconds"]),
        (WISH | {"expires_in_seconds": "60"}, ["/expires_in_seconds"]),
        (WISH | {"id": "0a1b2c3d", "key": "mine"}, ["/id", "/key"]),
    ],
)
def test_a_wrong_wish_is_told_all_that_is_wrong(admin, body, pointers):
    answer = admin("POST", json=body)

    assert 400 == answer.status_code
    assert sorted(pointers) == sorted(problem["pointer"] for problem in answer.json["errors"])
    assert [] == admin("GET").json["data"]


@pytest.mark.parametrize("body", [{"overlap_seconds": -1}, {"overlap_seconds": 31 * 86400}, {"overlap": 1}])
def test_a_wrong_rotation_changes_nothing(admin, body):
    made = admin("POST", json=WISH).json

    assert 400 == admin("POST", f"/{made['id']}/rotate", json=body).status_code
    assert None is admin("GET", f"/{made['id']}").json["rotated_at"]


def test_without_a_pepper_nothing_is_made_and_stored_keys_open_nothing(client, admin, settings_with, services, auth):
    made = admin("POST", json=WISH).json
    bare = create_app(settings_with(), services).test_client()

    assert 401 == opened(bare, made["key"])
    for path, body in (("", WISH), (f"/{made['id']}/rotate", {})):
        answer = bare.post(f"/admin/keys{path}", json=body, headers=auth)
        assert (409, "keys_off") == (answer.status_code, answer.json["error"]["code"])
        assert "KEY_PEPPER" in answer.json["detail"]
    assert "revoked" == bare.post(f"/admin/keys/{made['id']}/revoke", headers=auth).json["status"]


def test_log_lines_name_who_did_what_to_which_key_and_no_secret(admin, api_key, caplog):
    caplog.set_level(logging.DEBUG)
    made = admin("POST", json=WISH).json
    rotated = admin("POST", f"/{made['id']}/rotate", json={}).json
    admin("POST", f"/{made['id']}/revoke")
    admin("DELETE", f"/{made['id']}")

    ours = [record for record in caplog.records if record.name == "functions.submit.locksmith"]
    assert ["made", "rotated", "revoked", "deleted"] == [record.getMessage().split()[-1] for record in ours]
    assert {(made["id"], api_key[3:11])} == {(record.key_id, record.by) for record in ours}
    for secret in (made["key"], rotated["key"]):
        assert secret[12:] not in "".join(str(vars(record)) for record in caplog.records)
