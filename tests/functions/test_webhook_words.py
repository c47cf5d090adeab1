"""However a caller names the URL that shall hear of a video, it does."""

import pytest

from shared.core.job import CancelRequested

URL = "http://127.0.0.1:9/hook"
PROMPT = {"prompt": "a red cat"}


@pytest.mark.parametrize(
    "request_",
    [
        {"json": PROMPT | {"webhook": URL}},
        {"json": PROMPT | {"webhook": {"url": URL, "events": ["video.cancelled"]}}},
        {"json": PROMPT | {"webhook_url": URL}},
        {"json": PROMPT | {"callback_url": URL, "webhook_events_filter": ["video.cancelled"]}},
        {"json": PROMPT | {"extra_body": {"webhook": URL}}},
        {"data": PROMPT | {"webhook[url]": URL}},
        {"json": PROMPT, "headers": {"X-Callback-Url": URL}},
        {"json": PROMPT, "query_string": {"fal_webhook": URL}},
    ],
    ids=["webhook", "object", "webhook_url", "callback_url", "extra_body", "form", "header", "query"],
)
def test_a_callback_is_owed_to_it(client, auth, services, request_):
    headers = auth | request_.pop("headers", {})
    made = client.post("/v1/videos", headers=headers, **request_)
    assert 202 == made.status_code, made.json
    job = services.jobs.apply(made.json["id"], CancelRequested())

    assert [URL] == [each.url for each in services.deliveries.of_job(job.id)]


@pytest.mark.parametrize("events", [["video.completed"], ["video.failed", "video.expired"], ["video.progress"]])
def test_what_a_caller_does_not_want_to_hear_of_is_not_owed(client, auth, services, events):
    made = client.post("/v1/videos", json=PROMPT | {"webhook": {"url": URL, "events": events}}, headers=auth)
    job = services.jobs.apply(made.json["id"], CancelRequested())

    assert [] == services.deliveries.of_job(job.id)
