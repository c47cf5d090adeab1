"""Many at once: whatever happens to those who draw them, each video ends, and ends as one."""

from __future__ import annotations

from collections import Counter

CROWD = 6


def test_many_videos_at_once_all_end_and_none_is_lost_or_doubled(site):
    mark = site.create(prompt="slowly, the first of many")
    ids = [site.create(prompt=f"slowly, boat {number}", num_inference_steps=6) for number in range(CROWD)]

    ends = Counter(site.finished(job_id)["status"] for job_id in ids)

    assert {"completed": CROWD} == ends
    listed = site.send("GET", f"/v1/videos?order=asc&limit=100&after={mark}").json["data"]
    assert sorted(ids) == sorted(video["id"] for video in listed if video["prompt"].startswith("slowly, boat"))


def test_a_video_that_has_ended_stays_as_it_is(site):
    job_id = site.create(prompt="slowly, a paper boat")
    first, content = site.finished(job_id), site.send("GET", f"/v1/videos/{job_id}/content").body

    site.finished(site.create())

    again = site.send("GET", f"/v1/videos/{job_id}/content").body
    assert (first["output"], content) == (site.video(job_id)["output"], again)
