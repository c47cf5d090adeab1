"""Several videos asked for at once: each by itself, the whole once however often it comes."""

from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.core.errors import Unavailable

FOX, BOAT = {"prompt": "a fox"}, {"prompt": "a boat", "seed": 7, "metadata": {"scene": "2"}}
BAD = {"prompt": "", "seed": -1}
KEY = {"Idempotency-Key": "k"}


class Failing:
    """A job store whose creations fail from the n-th on, before or after they are written."""

    def __init__(self, jobs, after, *, written):
        self._jobs, self.left, self._written = jobs, after, written

    def __getattr__(self, name):
        return getattr(self._jobs, name)

    def create(self, job, *, key=None):
        self.left -= 1
        if self.left >= 0:
            return self._jobs.create(job, key=key)
        if self._written:
            self._jobs.create(job, key=key)
        raise Unavailable("gone", retry_after=1)


@pytest.fixture
def post(client, auth):
    return lambda *requests, **headers: client.post(
        "/v1/videos/batch", json={"requests": list(requests)}, headers=auth | headers
    )


def listed(client, auth):
    return {video["id"] for video in client.get("/v1/videos?limit=100", headers=auth).json["data"]}


def codes(answer):
    return [entry.get("error", {}) and entry["error"]["code"] for entry in answer.json["data"]]


def test_each_entry_becomes_the_video_that_it_would_by_itself(client, auth, post):
    answer = post(FOX, BOAT)

    assert (202, "list", 2) == (answer.status_code, answer.json["object"], len(answer.json["data"]))
    fox, boat = answer.json["data"]
    assert ("a fox", "a boat", 7, {"scene": "2"}) == (fox["prompt"], boat["prompt"], boat["seed"], boat["metadata"])
    assert {fox["id"], boat["id"]} == listed(client, auth)


def test_a_wrong_entry_is_told_in_its_place_and_stops_no_other(client, auth, post):
    answer = post(FOX, BAD, BOAT, "x")

    assert 202 == answer.status_code
    fox, bad, boat, text = answer.json["data"]
    assert ("error", 400, "invalid_parameter") == (bad["object"], bad["status"], bad["error"]["code"])
    assert ["/requests/1/prompt", "/requests/1/seed"] == [error["pointer"] for error in bad["errors"]]
    assert ["/requests/3"] == [error["pointer"] for error in text["errors"]]
    assert {fox["id"], boat["id"]} == listed(client, auth)


def test_a_batch_without_a_valid_entry_is_refused_as_a_whole(client, auth, post):
    answer = post(BAD, {"prompt": "x", "n": 2})

    assert 400 == answer.status_code
    pointers = ["/requests/0/prompt", "/requests/0/seed", "/requests/1/n"]
    assert pointers == [error["pointer"] for error in answer.json["errors"]]
    assert set() == listed(client, auth)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/requests"),
        ([], "/requests"),
        ({"requests": {}}, "/requests"),
        ({"requests": []}, "/requests"),
        ({"requests": [FOX] * 33}, "/requests"),
        ({"requests": [FOX], "a/b": 1}, "/a~1b"),
    ],
)
def test_what_is_no_batch_is_refused(client, auth, services, body, pointer):
    answer = client.post("/v1/videos/batch", json=body, headers=auth)

    assert (400, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])
    assert 0 == services.jobs.depth().waiting


def test_a_batch_is_json_and_no_larger_than_any_body(client, auth):
    form = client.post("/v1/videos/batch", data={"requests[]": "x"}, headers=auth)
    large = client.post("/v1/videos/batch", json={"requests": [{"prompt": "x" * 70_000}]}, headers=auth)

    assert (415, 413) == (form.status_code, large.status_code)


def test_the_same_batch_under_its_key_is_made_once(client, auth, post, services):
    first, again = post(FOX, BAD, BOAT, **KEY), post(FOX, BAD, BOAT, **KEY)

    assert (202, 200, "true") == (first.status_code, again.status_code, again.headers["Idempotency-Replayed"])
    assert [entry.get("id") for entry in first.json["data"]] == [entry.get("id") for entry in again.json["data"]]
    assert 2 == services.jobs.depth().waiting


@pytest.mark.parametrize("other", [[FOX], [FOX, BAD, FOX], [BAD, BOAT, FOX], [BOAT, FOX]])
def test_another_batch_under_the_key_is_refused_and_makes_nothing(post, services, other):
    post(BAD, FOX, BOAT, **KEY)

    answer = post(*other, **KEY)

    assert (422, "idempotency_mismatch") == (answer.status_code, answer.json["error"]["code"])
    assert 2 == services.jobs.depth().waiting


def test_a_key_of_one_video_is_not_a_key_of_a_batch(client, auth, post):
    client.post("/v1/videos", json=FOX, headers=auth | KEY)

    assert 422 == post(FOX, **KEY).status_code


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_batch_that_broke_in_the_middle_goes_on_when_it_comes_again(settings, services, auth, after, written):
    broken = replace(services, jobs=Failing(services.jobs, after, written=written))

    def send(within):
        body = {"requests": [FOX, BOAT, FOX]}
        return create_app(settings, within).test_client().post("/v1/videos/batch", json=body, headers=auth | KEY)

    first = send(broken)
    again = send(services)

    if after == 0:
        assert (503, "store_unavailable") == (first.status_code, first.json["error"]["code"])
    else:
        assert 202 == first.status_code
        assert [None] * after + ["store_unavailable"] * (3 - after) == codes(first)
    assert [None] * 3 == codes(again)
    assert 3 == len({video["id"] for video in again.json["data"]}) == services.jobs.depth().waiting


def test_a_full_queue_refuses_those_that_find_no_room(settings_with, auth):
    client = create_app(settings_with(MAX_QUEUED_PER_TENANT="2")).test_client()
    answer = client.post("/v1/videos/batch", json={"requests": [FOX] * 4}, headers=auth)
    full = client.post("/v1/videos/batch", json={"requests": [FOX] * 4}, headers=auth)

    assert (202, [None, None, "queue_full", "queue_full"]) == (answer.status_code, codes(answer))
    assert (429, "queue_full") == (full.status_code, full.json["error"]["code"])
    assert "Retry-After" in full.headers


def test_each_entry_counts_for_the_rate(settings_with, auth):
    client = create_app(settings_with(RATE_LIMIT_CREATE="5/60")).test_client()

    def send(count):
        return client.post("/v1/videos/batch", json={"requests": [FOX] * count}, headers=auth)

    assert [400, 202, 429] == [send(6).status_code, send(4).status_code, send(2).status_code]


def test_a_deleted_video_of_a_batch_does_not_come_again(client, auth, post):
    first = post(FOX, BOAT, **KEY)
    client.delete(f"/v1/videos/{first.json['data'][1]['id']}", headers=auth)

    again = post(FOX, BOAT, **KEY)

    assert (202, [None, "idempotency_gone"]) == (again.status_code, codes(again))


def test_headers_count_for_each_entry_and_unknown_fields_are_named_in_each(post, services):
    answer = post(FOX | {"colour": 1}, BOAT, Prefer="handling=lenient", **{"Cancel-After": "1m"})

    assert [["colour"], None] == [video.get("ignored_params") for video in answer.json["data"]]
    jobs = [services.jobs.get(video["id"]) for video in answer.json["data"]]
    assert [60, 60] == [job.terms.timeout.total_seconds() for job in jobs]
    assert "handling=lenient" == answer.headers["Preference-Applied"]
