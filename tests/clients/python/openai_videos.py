"""What OpenAI's Python client sees of the API, one JSON object a line. Run by test_video_clients.py, any version."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import warnings

import openai

warnings.simplefilter("ignore", DeprecationWarning)  # the hosted videos API is, ours is not
sent: list[str] = []
SLOW = f"a cat, slowly, for process {os.getpid()}"
URL, KEY = os.environ["FLIPBOOK_URL"], os.environ["FLIPBOOK_KEY"]


def client_of(url: str, key: str = KEY) -> openai.OpenAI:
    hooks = {"request": [lambda request: sent.append(request.method)]}
    http = openai.DefaultHttpxClient(trust_env=False, event_hooks=hooks)
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, http_client=http)


client = client_of(URL)
videos = client.videos


def refused(ask) -> dict[str, object]:
    sent.clear()
    try:
        ask()
    except openai.APIStatusError as error:
        return {"status": error.status_code, "code": error.code, "sent": len(sent)}
    return {"status": "not refused"}


def create() -> dict[str, object]:
    video = videos.create(prompt="a red cat", model="sora-2", seconds="1")
    found = videos.retrieve(video.id)
    facts = {"object": video.object, "model": video.model, "seconds": video.seconds}
    goes_on = video.status in ("queued", "in_progress")
    return facts | {"goes on": goes_on, "found": found.id == video.id}


def native_fields() -> dict[str, object]:
    fields = {"seed": 7, "steps": 3, "metadata": {"scene": "12"}}
    video = videos.create(prompt="a red cat", size="64x64", extra_body=fields)
    return {"seed": video.seed, "steps": video.num_inference_steps, "metadata": video.metadata, "size": video.size}


def success() -> dict[str, object]:
    video = videos.create_and_poll(prompt="a red cat", poll_interval_ms=50)
    return {"status": video.status, "progress": video.progress, "error": video.error}


def failure() -> dict[str, object]:
    video = videos.create_and_poll(prompt="a cat, all black", poll_interval_ms=50)
    return {"status": video.status, "code": video.error.code}


def cancel() -> dict[str, object]:
    """Another thread cancels, with the client's own door to routes that it has no method for."""

    def stop() -> None:
        while not (found := [v for v in videos.list(limit=1) if v.prompt == SLOW]):
            time.sleep(0.05)
        client.post(f"/videos/{found[0].id}/cancel", cast_to=object)

    thread = threading.Thread(target=stop)
    thread.start()
    video = videos.create_and_poll(prompt=SLOW, extra_body={"steps": 100}, poll_interval_ms=50)
    thread.join()
    return {"status": video.status, "code": video.error.code}


def paging() -> dict[str, object]:
    ids = [videos.create(prompt="a page").id for _ in range(5)]
    newest = []
    for video in videos.list(limit=2):
        newest.append(video.id)
        if len(newest) == len(ids):
            break
    return {"newest first": newest == ids[::-1]}


def download() -> dict[str, object]:
    video = videos.create_and_poll(prompt="a red cat", poll_interval_ms=50)
    content = videos.download_content(video.id).read()
    first = {variant: videos.download_content(video.id, variant=variant).read()[:4].hex() for variant in SHEETS}
    return {"whole": hashlib.sha256(content).hexdigest() == video.output["sha256"], **first}


SHEETS = ("thumbnail", "spritesheet")


def remix() -> dict[str, object]:
    video = videos.create(prompt="a red cat", extra_body={"seed": 7})
    again = videos.remix(video.id, prompt="a blue cat")
    return {"of": again.remixed_from_video_id == video.id, "prompt": again.prompt, "seed": again.seed}


def delete() -> dict[str, object]:
    video = videos.create(prompt="a red cat")
    gone = videos.delete(video.id)
    after = refused(lambda: videos.retrieve(video.id))
    return {"deleted": gone.deleted, "object": gone.object, "after": after["status"]}


def wrong() -> dict[str, object]:
    return refused(lambda: videos.create(prompt="", model="sora-9"))


def stranger() -> dict[str, object]:
    return refused(client_of(URL, "fb_00000000_" + "x" * 43).videos.list)


def conflict() -> dict[str, object]:
    video = videos.create(prompt="a cat, slowly", extra_body={"steps": 50})
    seen = refused(lambda: videos.download_content(video.id))
    videos.delete(video.id)
    return seen


def away() -> dict[str, object]:
    return refused(client_of(os.environ["FLIPBOOK_AWAY_URL"]).videos.list)


def limited() -> dict[str, object]:
    """One request a second: who asks three times is answered three times, and waits for it."""
    hurried = client_of(os.environ["FLIPBOOK_LIMITED_URL"], os.environ["FLIPBOOK_LIMITED_KEY"])
    sent.clear()
    answered = sum(hurried.models.list().object == "list" for _ in range(3))
    return {"answered": answered, "repeated": len(sent) > answered}


CHECKS = (
    *(create, native_fields, success, failure, cancel, paging, download, remix, delete),
    *(wrong, stranger, conflict, away, limited),
)

if __name__ == "__main__":
    if sys.argv[1:] and openai.__version__ != sys.argv[1]:
        sys.exit(f"this is {openai.__version__}")
    for check in CHECKS:
        print(json.dumps({check.__name__: check()}), flush=True)
