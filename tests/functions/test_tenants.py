"""Keys of several tenants and with fewer scopes: what they open, and that nothing leaks between tenants."""

import pytest

from functions.submit.app import create_app
from shared.core.access import ALL_SCOPES, Scope, new_api_key
from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, Claimed, Completed, Failed, JobError
from tests.functions.jobs import queue
from tests.stores import OUTPUT
from tests.witness import watched

UNKNOWN = "video_01ARZ3NDEKTSV4RRFFQ69G5FAV"


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
            if rule.rule not in ("/healthz", "/readyz", "/openapi.json")
        )


@pytest.fixture
def doors(settings_with, services):
    return Doors(settings_with, services)


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
    routes = [(method, path) for method, path in doors.routes() if "<job_id>" in path]
    assert {("GET", "/v1/videos/<job_id>"), ("POST", "/v1/videos/<job_id>/retry")} <= set(routes)
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
