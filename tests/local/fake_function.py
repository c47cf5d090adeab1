"""A function with every habit that a test asks for. Each request is noted in the file FAKE_NOTES.

The body of an event says how it is answered: {"hold": seconds, "status": n, "body": text, "headers": {...}}, and "then"
holds the answers to its later deliveries.
"""

import json
import os
import time
from pathlib import Path

STARTED = time.monotonic()


def note(**fields):
    line = json.dumps({"at": time.time(), "service": os.environ.get("K_SERVICE"), "pid": os.getpid(), **fields}) + "\n"
    descriptor = os.open(os.environ["FAKE_NOTES"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def noted(path):
    """All whole notes. The last line may be in the making: one write is seen page by page."""
    if not path.exists():
        return []
    *lines, _rest = path.read_text().split("\n")
    return [json.loads(line) for line in lines]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/readyz":
        return answer(start_response, 200)
    if path == "/late":
        late = time.monotonic() - STARTED < float(os.environ["FAKE_LATE"])
        return answer(start_response, 503 if late else 200)
    if path == "/echo":
        return echo(environ, start_response)
    if path == "/drip":
        return drip(environ, start_response)
    if path == "/environ":
        return answer(start_response, 200, json.dumps(dict(os.environ)))
    return event(environ, start_response)


def echo(environ, start_response):
    start_response(
        "201 Created", [("X-Method", environ["REQUEST_METHOD"]), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    )
    return iter(lambda: environ["wsgi.input"].read(65536), b"")


def drip(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(3):
        yield f"data: {number}\n\n".encode()
        time.sleep(0.3)
        if environ["QUERY_STRING"] == "die":
            os.kill(os.getpid(), 9)


def tries_of(event):
    """How often the event came before; other processes count too."""
    if event is None:
        return 0
    notes = noted(Path(os.environ["FAKE_NOTES"]))
    mine = os.environ.get("K_SERVICE")
    return sum(n["what"] == "start" and n["service"] == mine and n["headers"].get("ce-id") == event for n in notes)


def event(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    ways = json.loads(body) if body else {}
    count = tries_of(headers.get("ce-id"))
    way = [ways, *ways.get("then", [])][: count + 1][-1]
    note(
        what="start",
        path=environ["PATH_INFO"],
        headers=headers,
        content_type=environ.get("CONTENT_TYPE"),
        body=body.decode(),
    )
    time.sleep(way.get("hold", 0))
    note(what="end", headers=headers)
    return answer(start_response, way.get("status", 200), way.get("body", ""), way.get("headers", {}))


def answer(start_response, status, body="", headers=None):
    start_response(f"{status} Whatever", [*(headers or {}).items(), ("Content-Length", str(len(body.encode())))])
    return [body.encode()]
