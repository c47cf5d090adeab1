"""What a person with curl sees of the API, one JSON object a line. Run by test_video_clients.py."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import time
from subprocess import PIPE
from typing import Any

GOES_ON = ("queued", "in_progress")
URL, KEY = os.environ["FLIPBOOK_URL"], os.environ["FLIPBOOK_KEY"]


def curl(path: str, *arguments: str, url: str = URL, key: str = KEY) -> tuple[int, bytes]:
    """Status and body. --retry repeats what RFC 9110 calls temporary, 409 not among it."""
    with tempfile.NamedTemporaryFile() as body:  # on its standard output each try would leave its own
        command = ["curl", "--silent", "--noproxy", "*", "--location", "--retry", "2", "--output", body.name]
        command += ["--write-out", "%{http_code}", "-H", f"Authorization: Bearer {key}"]
        done = subprocess.run([*command, *arguments, f"{url}/v1/videos{path}"], check=True, stdout=PIPE, timeout=30)
        return int(done.stdout), body.read()


def said(path: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(curl(path, *arguments)[1])
    return found


def post(path: str = "", **fields: Any) -> dict[str, Any]:
    return said(path, "-H", "Content-Type: application/json", "-d", json.dumps(fields))


def polled(**fields: Any) -> dict[str, Any]:
    video = post(**fields)
    while video["status"] in GOES_ON:
        video = said(f"/{video['id']}?wait=10")
    return video


def refused(path: str, *arguments: str, **who: str) -> dict[str, object]:
    before = time.monotonic()
    status, body = curl(path, *arguments, **who)
    waited = time.monotonic() - before
    return {"status": status, "code": json.loads(body)["error"]["code"], "waited": waited > 1.5}


def create() -> dict[str, object]:
    video = said("", "-F", "prompt=a red cat", "-F", "model=sora-2", "-F", "seconds=1")
    found = said(f"/{video['id']}")
    facts = {name: video[name] for name in ("object", "model", "seconds")}
    return facts | {"goes on": video["status"] in GOES_ON, "found": found["id"] == video["id"]}


def native_fields() -> dict[str, object]:
    form = ("prompt=a red cat", "size=64x64", "seed=7", "steps=3", "metadata[scene]=12")
    video = said("", *(word for pair in form for word in ("--data-urlencode", pair)))
    return {"seed": video["seed"], "steps": video["num_inference_steps"]} | {
        name: video[name] for name in ("metadata", "size")
    }


def success() -> dict[str, object]:
    video = polled(prompt="a red cat")
    return {name: video[name] for name in ("status", "progress", "error")}


def failure() -> dict[str, object]:
    video = polled(prompt="a cat, all black")
    return {"status": video["status"], "code": video["error"]["code"]}


def cancel() -> dict[str, object]:
    video = post(prompt="a cat, slowly", steps=100)
    said(f"/{video['id']}/cancel", "-X", "POST")
    while video["status"] in GOES_ON:
        video = said(f"/{video['id']}?wait=10")
    return {"status": video["status"], "code": video["error"]["code"]}


def paging() -> dict[str, object]:
    ids = [post(prompt="a page")["id"] for _ in range(5)]
    newest: list[str] = []
    after = ""
    while len(newest) < len(ids):
        page = said(f"?limit=2{after}")
        newest += [video["id"] for video in page["data"]]
        after = f"&after={page['last_id']}"
    return {"newest first": newest[: len(ids)] == ids[::-1]}


def download() -> dict[str, object]:
    video = polled(prompt="a red cat")
    content = curl(f"/{video['id']}/content")[1]
    seen: dict[str, object] = {"whole": hashlib.sha256(content).hexdigest() == video["output"]["sha256"]}
    for variant in ("thumbnail", "spritesheet"):
        seen[variant] = curl(f"/{video['id']}/content?variant={variant}")[1][:4].hex()
    return seen


def remix() -> dict[str, object]:
    video = post(prompt="a red cat", seed=7)
    again = post(f"/{video['id']}/remix", prompt="a blue cat")
    of = again["remixed_from_video_id"] == video["id"]
    return {"of": of, "prompt": again["prompt"], "seed": again["seed"]}


def delete() -> dict[str, object]:
    video = post(prompt="a red cat")
    gone = said(f"/{video['id']}", "-X", "DELETE")
    return {"deleted": gone["deleted"], "object": gone["object"], "after": curl(f"/{video['id']}")[0]}


def wrong() -> dict[str, object]:
    return refused("", "-H", "Content-Type: application/json", "-d", '{"prompt": "", "model": "sora-9"}')


def stranger() -> dict[str, object]:
    return refused("", key="fb_00000000_" + "x" * 43)


def conflict() -> dict[str, object]:
    video = post(prompt="a cat, slowly", steps=50)
    seen = refused(f"/{video['id']}/content")
    said(f"/{video['id']}", "-X", "DELETE")
    return seen


def away() -> dict[str, object]:
    return refused("", url=os.environ["FLIPBOOK_AWAY_URL"])


def limited() -> dict[str, object]:
    """One request a second: who asks three times is answered three times, and waits for it."""
    before = time.monotonic()
    hurried = {"url": os.environ["FLIPBOOK_LIMITED_URL"], "key": os.environ["FLIPBOOK_LIMITED_KEY"]}
    answered = sum(curl("", **hurried)[0] == 200 for _ in range(3))
    return {"answered": answered, "repeated": time.monotonic() - before > 1}


CHECKS = (
    *(create, native_fields, success, failure, cancel, paging, download, remix, delete),
    *(wrong, stranger, conflict, away, limited),
)

if __name__ == "__main__":
    for check in CHECKS:
        print(json.dumps({check.__name__: check()}), flush=True)
