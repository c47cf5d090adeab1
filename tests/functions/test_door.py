"""Every route, and everybody who must not come in: refused before a word of the body is read."""

import io
import re
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from functions.submit.app import create_app
from functions.submit.guarded_stream import GuardedStream
from functions.submit.locksmith import Locksmith
from shared.core.access import Scope, new_api_key
from shared.core.api_key import Revoked, Rotated, digest
from shared.core.errors import Unavailable
from shared.core.job import CancelRequested
from shared.core.key_wish import KeyWish
from tests.functions.jobs import queue
from tests.functions.outage import Outage
from tests.functions.studio import eventually
from tests.issuer import AUDIENCE, NAME, Issuer

ID = "video_01ARZ3NDEKTSV4RRFFQ69G5FAV"
PAGE = {("GET", "/"), ("GET", f"/assets/{ID}")}
"""The page for people, which is not built here: what is open is answered with 404."""
JWKS = ("GET", "/.well-known/jwks.json")
"""Public keys, of receivers' use."""
PROBES = {("GET", path) for path in ("/healthz", "/readyz", "/health/liveness", "/health/readiness")}
OPEN = {*PROBES, ("GET", "/openapi.json"), ("GET", "/docs"), *PAGE, JWKS}
"""All that is open to everybody, with HEAD and OPTIONS of the same. To open another route is to write it here."""
EVENTS = {(method, path) for path in ("/", "/v1/events") for method in ("POST", "OPTIONS")}
PEPPER, EVENT_TOKEN = "p" * 32, "e" * 32


class Unread(io.BytesIO):
    """A body that tells whether it was looked at."""

    def __init__(self):
        super().__init__(b"{}")
        self.looks = 0

    def read(self, *size):
        self.looks += 1
        return super().read(*size)

    def readline(self, *size):
        self.looks += 1
        return super().readline(*size)

    def readinto(self, buffer):
        self.looks += 1
        return super().readinto(buffer)


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture
def settings(settings_with, issuer, tmp_path):
    jwks = tmp_path / "jwks.json"
    jwks.write_bytes(issuer.key_set())
    oidc = {"OIDC_ISSUER": NAME, "OIDC_AUDIENCE": AUDIENCE, "OIDC_JWKS": jwks.as_uri()}
    return settings_with(KEY_PEPPER=PEPPER, EVENT_TOKEN=EVENT_TOKEN, **oidc)


@pytest.fixture
def app(settings, services):
    return create_app(settings, services)


@pytest.fixture
def locksmith(services):
    return Locksmith(services.api_keys, [PEPPER])


def for_all():
    """What is open, with the methods that come along."""
    return {(method, path) for _, path in OPEN for method in ("GET", "HEAD", "OPTIONS")} - EVENTS


def every_route(app):
    """Each method and path, ids filled in."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods):
            yield method, re.sub(r"<[^>]+>", ID, rule.rule)


def make(locksmith, *scopes, life=None):
    return locksmith.make(KeyWish(tenant="ada", scopes=list(scopes), expires_in_seconds=life), by="test")


def ended(services, locksmith):
    """Keys that opened once, by why they no longer do."""
    everything = [scope.value for scope in Scope]
    made = {name: make(locksmith, *everything) for name in ("revoked", "deleted", "rotated away")}
    services.api_keys.apply(made["revoked"][0].id, Revoked())
    services.api_keys.delete(made["deleted"][0].id)
    new = digest(new_api_key(made["rotated away"][0].id), PEPPER)
    services.api_keys.apply(made["rotated away"][0].id, Rotated(new, timedelta(0)))
    expired = make(locksmith, *everything, life=1)
    entry = services.api_keys.sight(expired[0].id).entry
    services.api_keys.delete(entry.id)
    services.api_keys.add(
        type(entry)(**{f: getattr(entry, f) for f in entry.__slots__} | {"expires_at": entry.created_at})
    )
    return {name: key for name, (_, key) in made.items()} | {"expired": expired[1]}


def tokens(issuer):
    """Tokens that open nothing. One like them does: test_a_good_token_is_no_stranger."""
    end = int(time.time()) + 600
    return {
        "an expired token": issuer.token(exp=end - 1200),
        "a token for another audience": issuer.token(exp=end, nbf=1, iat=1, aud="billing"),
        "a token of nobody's": Issuer().token(exp=end, nbf=1, iat=1),
    }


def test_a_good_token_is_no_stranger(app, issuer):
    token = issuer.token(exp=int(time.time()) + 600, nbf=1, iat=1)

    assert 200 == app.test_client().get("/v1/videos", headers={"Authorization": f"Bearer {token}"}).status_code


def strangers(services, locksmith, api_key, issuer):
    """Headers that must open nothing, by what is wrong with them."""
    stored = make(locksmith, "admin")[1]
    bearers = {
        "an unknown key": new_api_key(),
        "another secret of a known id": new_api_key(api_key[3:11]),
        "another secret of a stored id": new_api_key(stored[3:11]),
        "a key cut short": api_key[:-1],
        "a longer key": api_key + "A",
        "a key in capitals": api_key.upper(),
        "a key with what may stand before it": f"ada={api_key}",
        "two keys": f"{api_key}, {api_key}",
        "an unsigned token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
        "the event token": EVENT_TOKEN,
        "nothing": "",
        "a path": "../../etc/passwd",
        **tokens(issuer),
        **ended(services, locksmith),
    }
    found = {name: {"Authorization": f"Bearer {text}"} for name, text in bearers.items()}
    found |= {f"{name}, in its own header": {"X-API-Key": text} for name, text in bearers.items()}
    return found | {
        "no header": {},
        "a good key without its scheme": {"Authorization": api_key},
        "a good key as Basic": {"Authorization": f"Basic {api_key}"},
        "a good key in a cookie": {"Cookie": f"X-API-Key={api_key}; Authorization={api_key}"},
        "a good key behind a bad one": {"Authorization": f"Bearer {new_api_key()}", "X-API-Key": api_key},
        "another event token": {"X-Flipbook-Event-Token": "f" * 32},
        "a key as event token": {"X-Flipbook-Event-Token": api_key},
    }


def test_no_stranger_comes_in_anywhere_and_nothing_of_what_he_sends_is_read(app, services, locksmith, api_key, issuer):
    client, let_in, seen = app.test_client(), [], set()
    for who, headers in strangers(services, locksmith, api_key, issuer).items():
        for method, path in every_route(app):
            body = Unread()
            answer = client.open(
                path, method=method, headers=headers, input_stream=body, content_type="application/json"
            )
            shut = (401, 0) == (answer.status_code, body.looks) and answer.headers["WWW-Authenticate"] == "Bearer"
            if not shut:
                let_in.append((who, method, path, answer.status_code))
            seen.add((method, path))

    assert {("POST", "/"), ("DELETE", "/v1/videos/video_01ARZ3NDEKTSV4RRFFQ69G5FAV"), ("GET", "/metrics")} <= seen
    assert OPEN == {(method, path) for _, method, path, _ in let_in if method not in ("HEAD", "OPTIONS")}
    assert {path for _, path in OPEN} == {path for _, _, path, _ in let_in}


def test_that_a_body_was_read_would_be_seen(app, auth):
    body = Unread()
    app.test_client().post("/v1/videos", headers=auth, input_stream=body, content_type="application/json")

    assert body.looks > 0


def test_the_event_token_opens_the_doors_of_events_and_no_other(app):
    client = app.test_client()
    opened = set()
    for method, path in every_route(app):
        answer = client.open(path, method=method, headers={"X-Flipbook-Event-Token": EVENT_TOKEN})
        if answer.status_code != 401:
            opened.add((method, path))

    assert EVENTS == opened - for_all()


def test_a_key_without_the_scope_is_refused_before_a_word_is_read(app, locksmith):
    client, unscoped = app.test_client(), make(locksmith, "videos:priority")[1]
    for method, path in every_route(app):
        body = Unread()
        answer = client.open(
            path,
            method=method,
            headers={"X-API-Key": unscoped},
            input_stream=body,
            content_type="application/json",
        )
        expected = 403
        if (method, path) in for_all():
            expected = 404 if path in {path for _, path in PAGE} and method != "OPTIONS" else 200
        assert (expected, 0) == (answer.status_code, body.looks), (method, path)


def test_what_is_refused_says_the_same_whatever_was_wrong(app, services, locksmith, api_key, issuer):
    client = app.test_client()
    shown = strangers(services, locksmith, api_key, issuer).values()
    bodies = {client.get("/v1/videos", headers=headers).data for headers in shown}

    assert 1 == len(bodies)


@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["Authorization", "X-API-Key", "X-Flipbook-Event-Token"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)
    | st.from_regex(r"[Bb]earer fb_[a-z0-9]{7,9}_[\w-]{31,65}", fullmatch=True)
    | st.from_regex(r"Bearer [\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True),
    path=st.sampled_from(["/", "/v1/videos", "/admin/keys", "/metrics"]),
)
def test_no_text_at_all_in_a_header_is_more_than_refused(app, name, value, path):
    value = value.encode("latin-1", "ignore").decode("latin-1")

    assert 401 == app.test_client().post(path, headers={name: value}).status_code


def test_where_nothing_is_a_stranger_is_told_nothing_either(app):
    client = app.test_client()

    assert [401, 401, 401] == [
        client.get(path).status_code for path in ("/nowhere", "/admin/", "/v1/videos/../metrics")
    ]


def test_while_the_store_is_away_known_keys_of_the_environment_open_and_others_are_told_to_come_again(
    settings, services, auth
):
    away = replace(services, api_keys=Outage(services.api_keys, "sight"))
    client = create_app(settings, away).test_client()

    assert 200 == client.get("/v1/models", headers=auth).status_code
    answer = client.get("/v1/models", headers={"X-API-Key": new_api_key()})
    assert (503, "1") == (answer.status_code, answer.headers["Retry-After"])
    assert 401 == client.get("/v1/models", headers={"X-API-Key": "letmein"}).status_code


def test_a_stream_is_told_nothing_more_once_its_key_is_revoked():
    welcome = [True, True, False]
    parts = Parts("one", "two", "three", "four")
    stream = GuardedStream(parts, lambda: welcome.pop(0))

    assert ["one", "two"] == list(stream)
    stream.close()
    assert parts.closed


class Parts(list):
    closed = False

    def __init__(self, *parts):
        super().__init__(parts)

    def close(self):
        self.closed = True


def test_a_stream_ends_when_nobody_can_say_whether_its_key_is_good():
    def away():
        raise Unavailable("the store is away")

    assert [] == list(GuardedStream(["one"], away))


def test_a_revocation_acts_within_five_seconds_on_requests_and_on_streams_that_are_open(app, services, locksmith):
    entry, key = make(locksmith, "videos:read")
    job, client = queue(services, tenant="ada"), app.test_client()
    with client.get(f"/v1/videos/{job.id}/events", headers={"X-API-Key": key}) as answer:
        parts = iter(answer.response)
        assert b"".join(next(parts) for _ in range(2)).startswith(b"retry: ")
        services.api_keys.apply(entry.id, Revoked())
        revoked = time.monotonic()
        eventually(lambda: client.get("/v1/queue", headers={"X-API-Key": key}).status_code == 401, timeout=10)
        assert time.monotonic() - revoked < 5
        services.jobs.apply(job.id, CancelRequested())

        assert [] == list(parts)
