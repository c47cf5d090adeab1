"""Keys of several tenants and with fewer scopes: what they open, and that nothing leaks between tenants."""

import pytest

from functions.submit.app import create_app
from shared.core.access import ALL_SCOPES, Scope, new_api_key
from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, Claimed, Completed, Failed, JobError
from tests.functions.jobs import queue
from tests.stores import OUTPUT
from tests.witness import watched

OPEN = {
    *("/healthz", "/readyz", "/health/liveness", "/health/readiness"),
    *("/openapi.json", "/docs", "/assets/<asset_name>", "/.well-known/jwks.json"),
}
UNKNOWN = "video_01ARZ3NDEKTSV4RRFFQ69G5FAV"


BY_ID, OWN, SHARED, OWNER = "by id", "own", "shared", "owner"
KNOWN = {
    "/": OWN,
    "/v1/events": OWN,
    "/v1/videos": OWN,
    "/v1/videos/<client_id>": OWN,
    "/v1/videos/<job_id>": BY_ID,
    "/v1/videos/<job_id>/cancel": BY_ID,
    "/v1/videos/<job_id>/content": BY_ID,
    "/v1/videos/<job_id>/preview": BY_ID,
    "/v1/videos/<job_id>/deliveries": BY_ID,
    "/v1/videos/<job_id>/deliveries/<delivery_id>/replay": BY_ID,
    "/v1/videos/<job_id>/events": BY_ID,
    "/v1/videos/<job_id>/remix": BY_ID,
    "/v1/videos/<job_id>/retry": BY_ID,
    "/v1/videos/batch": OWN,
    "/v1/videos/estimate": SHARED,
    "/v1/videos/edits": OWN,
    "/v1/videos/extensions": SHARED,
    "/v1/videos/characters": SHARED,
    "/v1/videos/characters/<character_id>": SHARED,
    "/v1/models": SHARED,
    "/v1/models/<model_id>": SHARED,
    "/v1/queue": SHARED,
    "/v1/webhook_endpoints": OWN,
    "/v1/webhook_endpoints/<endpoint_id>": OWN,
    "/v1/webhook_endpoints/<endpoint_id>/deliveries": OWN,
    "/v1/webhook_endpoints/<endpoint_id>/deliveries/<delivery_id>/replay": OWN,
    "/v1/webhook_endpoints/<endpoint_id>/deliveries/replay": OWN,
    "/v1/webhook_endpoints/<endpoint_id>/rotate_secret": OWN,
    "/v1/webhook_endpoints/<endpoint_id>/test": OWN,
    "/v1/webhook_event_types": SHARED,
    "/metrics": OWNER,
    "/admin/dead-letters": OWNER,
    "/admin/dead-letters/redrive": OWNER,
    "/admin/dead-letters/<letter_id>": OWNER,
    "/admin/dead-letters/<letter_id>/redrive": OWNER,
    "/admin/keys": OWNER,
    "/admin/keys/<key_id>": OWNER,
    "/admin/keys/<key_id>/revoke": OWNER,
    "/admin/keys/<key_id>/rotate": OWNER,
    "/admin/queue": OWNER,
    "/admin/queue/pause": OWNER,
    "/admin/queue/purge": OWNER,
    "/admin/queue/resume": OWNER,
}
"""Every path that needs a key, and how it keeps tenants apart. Who adds one says here how, and tests it below:

by id: it names a video, and another tenant's is answered like one that never was
own: it makes or lists the caller's own; what is told of others' keys, cursors and events is tested by name
shared: it says the same to every tenant, and nothing of anybody's videos
owner: it needs the scope `admin`, which is the whole platform's
"""


class Doors:
    """The API as the holders of different keys see it."""

    def __init__(self, settings_with, services):
        self._keys = {
            f"{tenant}:{'+'.join(sorted(scopes))}": new_api_key()
            for tenant in ("ada", "eve")
            for scopes in (ALL_SCOPES, *({scope} for scope in Scope))
        }
        words = " ".join(f"{owner}={key}" for owner, key in self._keys.items())
        self.app = watched(create_app(settings_with(API_KEYS=words), services))

    def open(self, tenant, method, path, scopes=ALL_SCOPES, headers=(), **arguments):
        key = self._keys[f"{tenant}:{'+'.join(sorted(scopes))}"]
        headers = {"Authorization": f"Bearer {key}", **dict(headers)}
        return self.app.test_client().open(path, method=method, headers=headers, **arguments)

    def routes(self):
        """Every method and path template of the API."""
        return sorted(
            (method, rule.rule)
            for rule in self.app.url_map.iter_rules()
            for method in rule.methods - {"OPTIONS"}
            if rule.rule not in OPEN and (method, rule.rule) not in (("GET", "/"), ("HEAD", "/"))
        )


@pytest.fixture
def doors(settings_with, services):
    return Doors(settings_with, services)


def test_every_route_is_known_to_these_tests(doors):
    assert set(KNOWN) == {path for _, path in doors.routes()}
    assert {path for path in KNOWN if "<job_id>" in path} == {path for path, kind in KNOWN.items() if kind == BY_ID}


def in_every_state(services, tenant):
    """Jobs of a tenant: queued, running, cancelling, completed, failed, cancelled."""
    queued, running, cancelling, completed, failed, cancelled = (queue(services, tenant=tenant) for _ in range(6))
    attempts = {job.id: new_attempt_id() for job in (running, cancelling, completed, failed)}
    for job_id, attempt in attempts.items():
        services.jobs.apply(job_id, Claimed(attempt))
    services.jobs.apply(cancelling.id, CancelRequested())
    services.jobs.apply(completed.id, Completed(attempts[completed.id], OUTPUT))
    services.jobs.apply(failed.id, Failed(attempts[failed.id], JobError("quality_check_failed", "all black")))
    services.jobs.apply(cancelled.id, CancelRequested())
    return [services.jobs.get(job.id) for job in (queued, running, cancelling, completed, failed, cancelled)]


def said(answer, job_id):
    """All that an answer says, but for the id that was asked for, the request's own and how often one asked."""
    headers = {name: value for name, value in answer.headers if name not in ("x-request-id", "RateLimit")}
    return answer.status_code, headers, answer.data.replace(job_id.encode(), b"ID")


def test_another_tenant_s_video_is_on_every_route_as_unknown_as_one_that_never_was(doors, services):
    jobs = in_every_state(services, "ada")
    routes = [(method, path) for method, path in doors.routes() if KNOWN[path] == BY_ID]
    told = len(services.publisher.events)

    leaks = []
    for method, path in routes:
        body = {"json": {"prompt": "x"}} if method in ("POST", "PUT", "PATCH") else {}
        never = said(doors.open("eve", method, path.replace("<job_id>", UNKNOWN), **body), UNKNOWN)
        assert 404 == never[0], (method, path)
        for job in jobs:
            answer = doors.open("eve", method, path.replace("<job_id>", job.id), **body)
            if said(answer, job.id) != never:
                leaks.append((method, path, job.state, answer.status_code))

    assert [] == leaks
    assert jobs == [services.jobs.get(job.id) for job in jobs]
    assert told == len(services.publisher.events)


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?wait=30", {}),
        ("", {"If-None-Match": "*"}),
        ("/content?variant=sound", {}),
        ("/content", {"Range": "bytes=0-1"}),
    ],
)
def test_no_argument_makes_another_tenant_s_video_known(doors, services, query, headers):
    for job in in_every_state(services, "ada"):
        answers = [doors.open("eve", "GET", f"/v1/videos/{i}{query}", headers=headers) for i in (UNKNOWN, job.id)]

        assert said(answers[0], UNKNOWN) == said(answers[1], job.id)
        assert 404 == answers[1].status_code


def test_lists_and_their_cursors_show_a_tenant_only_his_own(doors, services):
    theirs = in_every_state(services, "ada")
    mine = in_every_state(services, "eve")
    between = sorted([*theirs, *mine], key=lambda job: job.id)

    for order in ("asc", "desc"):
        for cursor in (None, *(job.id for job in between)):
            query = {"order": order} | ({"after": cursor} if cursor else {})
            page = doors.open("eve", "GET", "/v1/videos", query_string=query).json
            ids = [job.id for job in sorted(mine, key=lambda job: job.id, reverse=order == "desc")]
            behind = [i for i in ids if cursor is None or (i > cursor if order == "asc" else i < cursor)]
            assert behind == [video["id"] for video in page["data"]]


def test_a_tenant_s_own_videos_open_to_all_his_keys(doors, services):
    job = queue(services, tenant="ada")

    for scopes in (ALL_SCOPES, {Scope.READ}):
        assert 200 == doors.open("ada", "GET", f"/v1/videos/{job.id}", scopes).status_code


def needed(method, path):
    if path == "/metrics" or path.startswith("/admin/"):
        return Scope.ADMIN
    return Scope.READ if method in ("GET", "HEAD") else Scope.WRITE


def test_each_route_wants_its_scope_and_says_which(doors, services):
    job = queue(services, tenant="ada")
    for method, path in doors.routes():
        for scope in Scope:
            answer = doors.open("ada", method, path.replace("<job_id>", job.id), {scope})
            if scope == needed(method, path):
                assert 403 != answer.status_code, (method, path, scope)
            else:
                assert 403 == answer.status_code, (method, path, scope)
                if method != "HEAD":
                    assert "forbidden" == answer.json["error"]["code"]
                    assert f"this API key lacks the scope {needed(method, path)}" == answer.json["detail"]


def test_a_job_belongs_to_the_tenant_of_the_key_that_made_it(doors, services):
    created = doors.open("eve", "POST", "/v1/videos", json={"prompt": "x"}).json["id"]
    doors.open("eve", "POST", f"/v1/videos/{created}/cancel")
    again = doors.open("eve", "POST", f"/v1/videos/{created}/retry").json["id"]

    assert ["eve", "eve"] == [services.jobs.get(job_id).tenant for job_id in (created, again)]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PATCH", "/v1/videos", 405)])
def test_where_nothing_is_no_scope_is_missing(doors, method, path, status):
    assert status == doors.open("ada", method, path, {Scope.ADMIN}).status_code


def test_what_is_shared_says_the_same_to_every_tenant(doors, services):
    in_every_state(services, "ada")
    for method, path in doors.routes():
        if KNOWN[path] == SHARED:
            filled = path.replace("<model_id>", "mochi-1-tiny").replace("<character_id>", "x")
            answers = [said(doors.open(tenant, method, filled), "") for tenant in ("ada", "eve")]
            assert answers[0] == answers[1], (method, path)
            assert b"video_" not in answers[0][2]


def test_what_is_the_owner_s_needs_admin_and_no_tenant_has_it_by_itself(doors):
    for method, path in doors.routes():
        if KNOWN[path] == OWNER:
            for scopes in ({Scope.READ}, {Scope.WRITE}, {Scope.PRIORITY}):
                assert 403 == doors.open("eve", method, path, scopes).status_code, (method, path)


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "same"}, {}])
def test_the_same_key_of_two_tenants_stands_for_two_videos(doors, services, headers):
    """An Idempotency-Key, and an id of the caller's own."""
    method, path = ("POST", "/v1/videos") if headers else ("PUT", "/v1/videos/same")
    bodies = {"ada": {"prompt": "hers"}, "eve": {"prompt": "his"}}
    first = {t: doors.open(t, method, path, headers=headers, json=body) for t, body in bodies.items()}
    again = {t: doors.open(t, method, path, headers=headers, json=body) for t, body in bodies.items()}

    assert [202, 202, 200, 200] == [answer.status_code for answers in (first, again) for answer in answers.values()]
    for tenant, answer in again.items():
        assert (first[tenant].json["id"], bodies[tenant]["prompt"]) == (answer.json["id"], answer.json["prompt"])
    assert first["ada"].json["id"] != first["eve"].json["id"]
    other = doors.open("eve", method, path, headers=headers, json=bodies["ada"])
    assert (422 if headers else 409) == other.status_code
    assert first["ada"].json["id"] not in other.text


def event_of(prompt):
    binary = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "dev.flipbook.video.requested.v1"}
    return {"headers": binary, "json": {"prompt": prompt}}


def test_the_same_event_of_two_tenants_is_two_events(doors, services):
    for path in ("/", "/v1/events"):
        assert [202, 202] == [doors.open(t, "POST", path, **event_of(f"of {t}")).status_code for t in ("ada", "eve")]

    prompts = {t: [v["prompt"] for v in doors.open(t, "GET", "/v1/videos").json["data"]] for t in ("ada", "eve")}
    assert {"ada": ["of ada"], "eve": ["of eve"]} == prompts


def test_selections_find_nobody_else_s(doors, services):
    in_every_state(services, "ada")
    for query in ("status=queued", "status=completed", "metadata[project]=x", "limit=100&order=asc"):
        assert [] == doors.open("eve", "GET", f"/v1/videos?{query}").json["data"]


def test_a_stream_can_be_opened_and_resumed_by_its_owner_only(doors, services):
    job = queue(services, tenant="ada")
    path = f"/v1/videos/{job.id}/events"
    with doors.open("ada", "GET", path, {Scope.READ}, buffered=False) as mine:
        assert 200 == mine.status_code
        for headers in ({}, {"Last-Event-ID": "0-0"}, {"Last-Event-ID": "9-9"}, {"Accept": "text/event-stream"}):
            answer = doors.open("eve", "GET", path, headers=headers)
            never = doors.open("eve", "GET", f"/v1/videos/{UNKNOWN}/events", headers=headers)
            assert said(never, UNKNOWN) == said(answer, job.id)


def test_a_request_cannot_say_whose_it_is(doors, services):
    """Neither in the body, nor beside it."""
    for body in ({"prompt": "x", "tenant": "ada"}, {"prompt": "x", "extra_body": {"tenant": "ada"}}):
        assert 400 == doors.open("eve", "POST", "/v1/videos", json=body).status_code
    for word in ("X-Tenant", "X-Flipbook-Tenant", "X-Forwarded-User", "OpenAI-Organization"):
        made = doors.open("eve", "POST", "/v1/videos?tenant=ada", headers={word: "ada"}, json={"prompt": "x"})
        assert "eve" == services.jobs.get(made.json["id"]).tenant
