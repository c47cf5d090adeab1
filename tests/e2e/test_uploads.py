"""A finished video on its way to where its caller wanted it, through the whole platform."""

import hashlib
import json

from tests.e2e.platform import eventually
from tests.receiver import Receiver


def test_a_video_is_sent_where_its_caller_wanted_it_and_again_if_nobody_was_ready(start):
    platform = start(UPLOAD_HOSTS="127.0.0.1")
    with Receiver(503, 200) as there:
        job_id = platform.create(output={"upload_url": f"{there.url}?signature=x"})
        video = platform.finished(job_id)
        received = there.wait(2, timeout=60)
        _, _, listed = eventually(
            lambda: b"delivered" in (found := platform.call("GET", f"/v1/videos/{job_id}/deliveries"))[2] and found,
            "the upload is recorded",
        )

    assert ("completed", there.url) == (video["status"], video["upload_url"])
    assert ["PUT", "PUT"] == there.methods
    for headers, body in received:
        assert "video/mp4" == headers["content-type"]
        assert video["output"]["sha256"] == hashlib.sha256(body).hexdigest()
    [upload] = json.loads(listed)["data"]
    assert ("upload", ["http_5xx", "http_2xx"]) == (upload["kind"], [each["outcome"] for each in upload["attempts"]])
