"""What receivers hear of a video while it is drawn, through the whole platform."""

import json
from datetime import datetime
from itertools import pairwise

from standardwebhooks import Webhook

from functions.generate.narrator import EVERY
from tests.e2e.platform import eventually
from tests.receiver import Receiver

LEISURELY = "tests.engines.slow:Leisurely"
STEPS = 80
"""24 seconds: time for two words on the way."""


CLOCKS = 0.1
"""Seconds by which times of two processes may differ."""


def story(receiver, secret):
    """What it was told, in the order that callbacks tell of themselves."""
    told = {headers["ce-sequence"]: Webhook(secret).verify(body, headers) for headers, body in receiver.received}
    return [event for _, event in sorted(told.items())]


def test_who_asks_for_it_hears_that_a_video_started_and_how_it_gets_on(start):
    platform = start(ENGINE=LEISURELY)
    with Receiver() as own, Receiver() as other, Receiver() as deaf:
        wishes = ((other, "video.progress"), (deaf, "video.failed"))
        secret, _ = (
            json.loads(platform.call("POST", "/v1/webhook_endpoints", {"url": r.url, "event_types": [types]})[2])[
                "signing_secret"
            ]
            for r, types in wishes
        )
        events = ["video.started", "video.progress", "video.completed"]
        job_id = platform.create(webhook={"url": own.url, "events": events}, num_inference_steps=STEPS)
        assert "completed" == platform.finished(job_id)["status"]
        eventually(
            lambda: "dev.flipbook.video.completed.v1" in {h["ce-type"] for h, _ in own.received}, "its end is told"
        )

        (started, *progress, completed), overheard = story(own, platform.webhook_secret), story(other, secret)
        assert [] == deaf.received
    _, _, listed = platform.call("GET", f"/v1/videos/{job_id}/deliveries")

    assert ("video.started", "video.completed") == (started["type"], completed["type"])
    assert {("video.progress", job_id, "in_progress")} == {
        (event["type"], event["data"]["id"], event["data"]["status"]) for event in progress
    }
    assert len(progress) >= 2
    times = [datetime.fromisoformat(event["timestamp"]) for event in (started, *progress)]
    assert all((later - earlier).total_seconds() >= EVERY - CLOCKS for earlier, later in pairwise(times))
    steps = [event["data"]["step"] for event in progress]
    assert 0 < steps[0] < steps[1] <= STEPS
    assert progress == overheard
    assert ["video.completed"] == [each["event_type"] for each in json.loads(listed)["data"]]
