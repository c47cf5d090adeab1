"""/v1/webhook_endpoints: registered, looked at, changed and tried out by their tenant alone."""

import base64
import json
import logging
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from functions.submit.app import create_app
from shared.core.access import new_api_key
from shared.core.endpoint import EVENT_TYPES, Left
from tests.pages import listed
from tests.peers import closed_port
from tests.receiver import Receiver
from tests.witness import watched

PATH = "/v1/webhook_endpoints"
WISH = {"url": "http://127.0.0.1:9/hook?token=letmein", "name": "dashboard", "event_types": ["video.completed"]}


@pytest.fixture
def ask(client, auth):
    def open_(method, path="", *, headers=auth, **arguments):
        return client.open(f"{PATH}{path}", method=method, headers=headers, **arguments)

    return open_


@pytest.fixture
def made(ask):
    return ask("POST", json=WISH).json


def test_a_new_endpoint_is_told_its_secret_once(ask):
    answer = ask("POST", json=WISH)

    made = answer.json
    assert (201, f"{PATH}/{made['id']}") == (answer.status_code, answer.headers["Location"])
    prefix, _, text = made["signing_secret"].partition("_")
    assert ("whsec", 33, False) == (prefix, len(base64.b64decode(text, validate=True)), "=" in text)
    shown = {name: value for name, value in made.items() if name != "signing_secret"}
    assert shown == ask("GET", f"/{made['id']}").json
    assert [shown] == ask("GET").json["data"]
    assert made["signing_secret"].endswith(shown["signing_secret_hint"])
    assert 4 == len(shown["signing_secret_hint"])
    assert (*WISH.values(), "enabled") == (shown["url"], shown["name"], shown["event_types"], shown["status"])


def test_the_secret_is_nowhere_to_be_read_in_the_store(ask, services, made):
    kept = repr(services.endpoints.of_tenant("default"))

    assert made["id"] in kept
    assert made["signing_secret"].removeprefix("whsec_") not in kept


def test_an_edit_changes_what_it_names_only(ask, made):
    edited = ask("POST", f"/{made['id']}", json={"name": "board"}).json

    assert ("board", made["url"], made["event_types"]) == (edited["name"], edited["url"], edited["event_types"])
    assert edited == ask("POST", f"/{made['id']}").json == ask("GET", f"/{made['id']}").json


def test_a_disabled_endpoint_says_why_and_is_set_going_again(ask, services, made):
    services.endpoints.apply("default", made["id"], Left(made["url"]))
    told = ask("GET", f"/{made['id']}").json
    assert ("disabled", "gone", "http_410") == (told["status"], told["disabled_reason"], told["last_error"])
    assert told["disabled_at"] >= made["created_at"]

    going = ask("POST", f"/{made['id']}", json={"enabled": True}).json
    assert ("enabled", None, None, None) == tuple(
        going[name] for name in ("status", "disabled_reason", "disabled_at", "last_error")
    )


def test_a_deleted_endpoint_is_not_found(ask, made):
    gone = {"id": made["id"], "object": "webhook_endpoint.deleted", "deleted": True}

    assert gone == ask("DELETE", f"/{made['id']}").json
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/rotate_secret"), ("POST", "/test")):
        assert 404 == ask(method, f"/{made['id']}{path}").status_code


def test_after_a_rotation_both_secrets_sign_for_a_day_if_so_asked(ask, made):
    with Receiver() as receiver:
        ask("POST", f"/{made['id']}", json={"url": receiver.url})
        rotated = ask("POST", f"/{made['id']}/rotate_secret", json={"keep_old_secret_active_for_24_hours": True}).json
        assert 200 == ask("POST", f"/{made['id']}/test").status_code
        alone = ask("POST", f"/{made['id']}/rotate_secret").json
        ask("POST", f"/{made['id']}/test")
        (headers, body), (last, last_body) = receiver.received

    assert timedelta(hours=24).total_seconds() == rotated["old_secret_ends_at"] - rotated["updated_at"]
    secrets = [each["signing_secret"] for each in (made, rotated, alone)]
    assert 3 == len(set(secrets))
    for secret in secrets[:2]:
        assert "event" == Webhook(secret).verify(body, headers)["object"]
    assert None is alone["old_secret_ends_at"]
    Webhook(secrets[2]).verify(last_body, last)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secrets[1]).verify(last_body, last)


def test_a_rotation_whose_answer_was_lost_leaves_the_receiver_with_a_secret_that_signs(ask, made):
    keep = {"keep_old_secret_active_for_24_hours": True}
    with Receiver() as receiver:
        ask("POST", f"/{made['id']}", json={"url": receiver.url})
        lost, rotated, more = (ask("POST", f"/{made['id']}/rotate_secret", json=keep) for _ in range(3))
        ask("POST", f"/{made['id']}/test")
        [(headers, body)] = receiver.received

    for secret in (made["signing_secret"], rotated.json["signing_secret"]):
        Webhook(secret).verify(body, headers)
    assert (409, "rotation_under_way") == (more.status_code, more.json["error"]["code"])
    assert "without keeping the old ones" in more.json["detail"]
    assert lost.json["old_secret_ends_at"] == rotated.json["old_secret_ends_at"]
    assert None is ask("POST", f"/{made['id']}/rotate_secret").json["old_secret_ends_at"]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
@pytest.mark.parametrize("status", [200, 301, 410, 500])
def test_a_test_is_sent_once_and_tells_the_status_whatever_it_is(ask, made, event_type, status):
    with Receiver(status) as receiver:
        ask("POST", f"/{made['id']}", json={"url": receiver.url})
        told = ask("POST", f"/{made['id']}/test", json={"event_type": event_type}).json
        [(headers, body)] = receiver.received

    assert (event_type, "webhook_endpoint.test", status, True, made["id"]) == tuple(
        told[name] for name in ("event_type", "object", "status_code", "success", "webhook_endpoint_id")
    )
    assert (event_type, "video_test") == (json.loads(body)["type"], json.loads(body)["data"]["id"])
    assert headers["webhook-id"] == headers["ce-id"] == json.loads(body)["id"]
    assert "enabled" == ask("GET", f"/{made['id']}").json["status"]


def test_a_test_that_nobody_answers_tells_no_more_than_that(ask, made):
    ask("POST", f"/{made['id']}", json={"url": f"http://127.0.0.1:{closed_port()}/"})
    answer = ask("POST", f"/{made['id']}/test")

    assert (409, "endpoint_unreachable", "no answer came from the endpoint") == (
        answer.status_code,
        answer.json["error"]["code"],
        answer.json["detail"],
    )


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "https://169.254.169.254/", "ftp://127.0.0.1/", "https://a@b.c/"])
def test_a_url_that_must_not_be_called_is_refused_when_it_is_given(ask, made, url):
    for path, body in (("", WISH | {"url": url}), (f"/{made['id']}", {"url": url})):
        answer = ask("POST", path, json=body)
        assert (400, "ssrf_blocked", "/url") == (
            answer.status_code,
            answer.json["error"]["code"],
            answer.json["errors"][0]["pointer"],
        )
    assert made["url"] == ask("GET", f"/{made['id']}").json["url"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/event_types", "/url"]),
        ([], [""]),
        (WISH | {"event_types": ["video.finished"]}, ["/event_types/0"]),
        (WISH | {"event_types": ["video.failed"] * 2}, ["/event_types"]),
        (WISH | {"event_types": "video.failed"}, ["/event_types"]),
        (WISH | {"url": "x" * 2049}, ["/url"]),
        (WISH | {"url": 1}, ["/url"]),
        (WISH | {"name": "a\nb"}, ["/name"]),
        (WISH | {"name": "x" * 101}, ["/name"]),
        (WISH | {"signing_secret": "whsec_mine", "tenant": "eve"}, ["/signing_secret", "/tenant"]),
    ],
)
def test_a_wrong_wish_is_told_all_that_is_wrong_and_nothing_is_made(ask, body, pointers):
    answer = ask("POST", json=body)

    assert 400 == answer.status_code
    assert pointers == sorted(problem["pointer"] for problem in answer.json["errors"])
    assert [] == ask("GET").json["data"]


def test_pages_hold_every_endpoint_once_newest_first(ask):
    ids = [ask("POST", json=WISH).json["id"] for _ in range(5)]
    for order, reverse in (("asc", False), ("desc", True)):
        found = listed(lambda after, order=order: ask("GET", f"?limit=2&order={order}{after}"), pages=3)
        assert sorted(ids, reverse=reverse) == [each["id"] for each in found]


def test_pages_are_read_backwards_by_before(ask):
    """As those of videos are: the nearest before an id, in the order of the list."""
    ids = [ask("POST", json=WISH).json["id"] for _ in range(5)]
    for order, every in (("asc", ids), ("desc", ids[::-1])):
        for n, endpoint_id in enumerate(every):
            page = ask("GET", f"?limit=2&order={order}&before={endpoint_id}").json
            nearest = every[max(0, n - 2) : n]
            assert (nearest, n > 2) == ([each["id"] for each in page["data"]], page["has_more"])

    both = ask("GET", f"?after={ids[0]}&before={ids[1]}")
    assert (400, ["/before"]) == (both.status_code, [problem["pointer"] for problem in both.json["errors"]])


def test_there_is_a_greatest_number_of_them(ask):
    answers = [ask("POST", json=WISH) for _ in range(21)]

    assert [201] * 20 + [409] == [answer.status_code for answer in answers]
    assert "too_many_endpoints" == answers[-1].json["error"]["code"]


def test_without_a_key_to_seal_under_none_is_made(services, settings_with, auth):
    bare = create_app(settings_with(WEBHOOK_KEY=""), services).test_client()
    answer = bare.post(PATH, json=WISH, headers=auth)

    assert (409, "endpoints_off") == (answer.status_code, answer.json["error"]["code"])
    assert "WEBHOOK_KEY" in answer.json["detail"]


def test_another_tenant_s_endpoint_is_as_unknown_as_one_that_never_was(settings_with, services):
    keys = {tenant: new_api_key() for tenant in ("ada", "eve")}
    words = " ".join(f"{tenant}={key}" for tenant, key in keys.items())
    client = watched(create_app(settings_with(API_KEYS=words), services)).test_client()

    def said(tenant, method, path, endpoint_id, **arguments):
        headers = {"Authorization": f"Bearer {keys[tenant]}"}
        answer = client.open(path.replace("<id>", endpoint_id), method=method, headers=headers, **arguments)
        return answer.status_code, answer.data.replace(endpoint_id.encode(), b"ID")

    status, body = said("ada", "POST", PATH, "-", json=WISH)
    hers, never = json.loads(body)["id"], "we_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert 201 == status
    routes = [(rule.rule, method) for rule in client.application.url_map.iter_rules() for method in rule.methods]
    for rule, method in routes:
        if "<endpoint_id>" in rule and method != "OPTIONS":
            path = rule.replace("<endpoint_id>", "<id>").replace("<delivery_id>", "wd_x")
            body = {"json": {"since": 0}} if rule.endswith("deliveries/replay") else {}
            assert said("eve", method, path, never, **body) == said("eve", method, path, hers, **body), (method, rule)
            assert 404 == said("eve", method, path, hers, **body)[0]
    assert (200, 0) == ((page := said("eve", "GET", PATH, "-"))[0], len(json.loads(page[1])["data"]))
    assert 200 == said("ada", "GET", f"{PATH}/<id>", hers)[0]


def test_log_lines_name_the_endpoint_and_neither_its_url_nor_a_secret(ask, caplog):
    caplog.set_level(logging.DEBUG)
    made = ask("POST", json=WISH).json
    rotated = ask("POST", f"/{made['id']}/rotate_secret").json
    ask("POST", f"/{made['id']}/test")
    ask("DELETE", f"/{made['id']}")

    ours = [record for record in caplog.records if record.name == "functions.submit.endpoints"]
    assert {made["id"]} == {record.endpoint for record in ours}
    told = "".join(str(vars(record)) for record in caplog.records)
    for secret in ("letmein", made["signing_secret"][6:], rotated["signing_secret"][6:]):
        assert secret not in told


def test_the_types_that_can_be_heard_of_are_listed(client, auth):
    answer = client.get("/v1/webhook_event_types", headers=auth)

    assert {"object": "list", "data": list(EVENT_TYPES)} == answer.json


def test_a_video_names_the_endpoint_that_shall_hear_of_it(client, auth, made):
    wish = {"prompt": "a red cat", "webhook_endpoint": made["id"]}
    video = client.post("/v1/videos", json=wish, headers=auth).json
    remixed = client.post(f"/v1/videos/{video['id']}/remix", json=wish, headers=auth)
    client.post(f"/v1/videos/{video['id']}/cancel", headers=auth)
    again = client.post(f"/v1/videos/{video['id']}/retry", headers=auth).json

    assert (202, [made["id"]] * 3) == (
        remixed.status_code,
        [each["webhook_endpoint"] for each in (video, remixed.json, again)],
    )


@pytest.mark.parametrize("name", ["we_01ARZ3NDEKTSV4RRFFQ69G5FAV", "", 1, "x" * 65])
def test_a_video_cannot_name_an_endpoint_that_is_not_there(client, auth, name):
    answer = client.post("/v1/videos", json={"prompt": "a red cat", "webhook_endpoint": name}, headers=auth)

    assert (400, ["/webhook_endpoint"]) == (answer.status_code, [each["pointer"] for each in answer.json["errors"]])
