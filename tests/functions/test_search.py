"""Lists of some videos only, and the queue in numbers."""

import pytest

from functions.submit import search
from shared.core.job import CancelRequested
from tests.functions.jobs import queue


def pages(client, auth, query):
    """Each page of a list, followed by its cursors to the end."""
    found, after = [], ""
    while True:
        page = client.get(f"/v1/videos?{query}{after}", headers=auth).json
        found.append(page)
        if not page["has_more"]:
            return found
        after = f"&after={page['last_id']}"


def ids(found):
    return [[video["id"] for video in page["data"]] for page in found]


@pytest.fixture
def jobs(services):
    """Seven jobs, oldest first; every third one cancelled, and of another project."""
    made = [queue(services, metadata={"project": "ab"[n % 3 == 0]}) for n in range(7)]
    for job in made[::3]:
        services.jobs.apply(job.id, CancelRequested())
    return sorted(job.id for job in made[::3]), sorted(job.id for job in made if job not in made[::3])


@pytest.mark.parametrize("query", ["status=failed", "status=cancelled", "metadata[project]=b"])
@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_pages_of_some_videos_hold_each_of_them_once_in_order(client, auth, jobs, query, limit):
    for order in ("asc", "desc"):
        found = ids(pages(client, auth, f"{query}&limit={limit}&order={order}"))

        assert sorted(jobs[0], reverse=order == "desc") == [job_id for page in found for job_id in page]
        assert all(len(page) <= limit for page in found)


def test_a_list_is_read_backwards_by_before(client, auth, jobs):
    """What comes before an id: the nearest, in the order of the list."""
    every = sorted(jobs[0] + jobs[1])
    for order, listed in (("asc", every), ("desc", every[::-1])):
        for n, job_id in enumerate(listed):
            page = client.get(f"/v1/videos?order={order}&limit=3&before={job_id}", headers=auth).json

            assert listed[max(0, n - 3) : n] == [video["id"] for video in page["data"]]
            assert (n > 3) == page["has_more"]


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_pages_of_some_videos_are_followed_backwards_by_their_first_ids(client, auth, jobs, limit):
    for order in ("asc", "desc"):
        found, before = [], "video_~" if order == "asc" else "video_"
        while True:
            query = f"status=cancelled&limit={limit}&order={order}&before={before}"
            page = client.get(f"/v1/videos?{query}", headers=auth).json
            found = [video["id"] for video in page["data"]] + found
            if not page["has_more"]:
                break
            before = page["first_id"]

        assert sorted(jobs[0], reverse=order == "desc") == found


def test_a_search_backwards_says_where_it_goes_on_too(client, auth, services):
    wanted = queue(services, metadata={"the": "one"})
    for _ in range(search.BOUND + 50):
        queue(services)

    page = client.get("/v1/videos?metadata[the]=one&order=asc&before=video_~", headers=auth).json
    assert ([], True, None) == (page["data"], page["has_more"], page["last_id"])

    page = client.get(f"/v1/videos?metadata[the]=one&order=asc&before={page['first_id']}", headers=auth).json
    assert ([wanted.id], False) == ([video["id"] for video in page["data"]], page["has_more"])


def test_a_page_cannot_be_behind_one_video_and_before_another(client, auth):
    answer = client.get("/v1/videos?after=video_1&before=video_2&limit=0", headers=auth)

    assert (400, {"/before", "/limit"}) == (
        answer.status_code,
        {error["pointer"] for error in answer.json["errors"]},
    )


def test_two_conditions_must_both_hold(client, auth, jobs):
    assert [[]] == ids(pages(client, auth, "status=queued&metadata[project]=b"))
    assert [jobs[1][::-1]] == ids(pages(client, auth, "status=queued&metadata[project]=a"))


def test_a_search_reads_so_far_and_says_where_it_goes_on(client, auth, services):
    """Only the oldest job is wanted, behind more than one request looks at."""
    wanted = queue(services, metadata={"the": "one"})
    for _ in range(search.BOUND + 50):
        queue(services)

    first, second = pages(client, auth, "metadata[the]=one")

    assert ([], True) == (first["data"], first["has_more"])
    assert None is first["first_id"]
    assert [[wanted.id]] == ids([second])


def test_wrong_filters_are_named(client, auth):
    answer = client.get("/v1/videos?status=done&metadata=x&metadata[a]=1&metadata[a]=2", headers=auth)

    assert (400, "invalid_parameter") == (answer.status_code, answer.json["error"]["code"])
    assert ["/metadata", "/metadata/a", "/status"] == sorted(error["pointer"] for error in answer.json["errors"])
