"""docs/api.md: each route with a request and the answer that a platform really gave.

.venv/bin/python -m tests.api.api_page > docs/api.md
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.api.tour import GIVEN, STEPS, Step, operation
from tests.clients.platform import Platform, Submit
from tests.servers import Valkey, served

HEAD = """# The API, route by route

Written by `.venv/bin/python -m tests.api.api_page` from what a platform answered: submit in gunicorn over a real store,
with a worker that draws at once. A test asks again and compares. Ids, times, sizes of files and measured seconds are
put into one form; long objects are cut where `...` stands. All fields, arguments and errors stand at `/docs` of your platform,
and for programs at `/openapi.json`.

`$URL` is the platform's address, `$KEY` an API key with the scopes that a route needs.
"""
SHOWN = (
    *("Content-Type", "Location", "openai-poll-after-ms", "ETag", "Idempotency-Replayed", "x-should-retry"),
    *("Content-Range", "Content-Disposition", "Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate"),
)
TEXTS = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "d26eaf458a15058c213eb4faf107d66326d472408cafcfcad640f89f78e4687a"),
    (re.compile(r"fb_[a-z0-9]{8}_[A-Za-z0-9_-]{43}"), "fb_1a5789b5_..."),
    (re.compile(r"whsec_[A-Za-z0-9+/=]{32,}"), "whsec_..."),
    (re.compile(r'"[0-9a-f]{32,40}"'), '"ad2398a6c0cd9af50ba1b1da7dba57e8"'),
    (re.compile(r"bytes 0-99/\d+"), "bytes 0-99/49111"),
    (re.compile(r"^retry: \d+$"), "retry: 2000"),
)
OPEN = (
    *("/healthz", "/readyz", "/health/liveness", "/health/readiness"),
    *("/openapi.json", "/docs", "/.well-known/jwks.json", "/assets/{file}"),
)
NUMBERS = (
    (re.compile(r"_at$"), 1795600000),
    (re.compile(r"^bytes$"), 49111),
    (re.compile(r"(?<!duration)_s$|^p\d\d(_seconds)?$|^eta_seconds$|^oldest_wait_seconds$|^cold_start_seconds$"), 0.5),
)
"""By name, what differs each time."""


@dataclass(slots=True)
class Walk:
    """One walk over the steps; knows the ids that were seen."""

    submit: Submit
    platform: Platform
    kept: dict[str, str] = field(default_factory=lambda: dict(GIVEN))
    seen: dict[str, str] = field(default_factory=dict)

    def parts(self) -> Iterator[str]:
        yield HEAD
        before = ""
        for step in STEPS:
            if step.before == "draw":
                self.platform.draw()
            title = " ".join(operation(step))
            if title != before:
                yield f"\n## {title}\n"
            before = title
            if step.says:
                yield f"\n{step.says}\n"
            yield f"\n```console\n{self._asked(step)}\n```\n\n```http\n{self._answered(step)}\n```\n"

    def _path(self, step: Step) -> str:
        return re.sub(r"{(\w+)}", lambda name: self.kept["video" if name[1] == "id" else name[1]], step.path)

    def _asked(self, step: Step) -> str:
        path = self._known(self._path(step))
        words = [f'$ curl -i {"" if step.method == "GET" else f"-X {step.method} "}"$URL{path}{step.query}"']
        if step.path not in OPEN and (step.method, step.path) != ("GET", "/"):
            words.append('-H "Authorization: Bearer $KEY"')
        words += [f"-H '{name}: {value}'" for name, value in step.headers.items()]
        if step.body is not None:
            words.append(f"-H 'Content-Type: {step.media}'")
            words.append(f"-d '{json.dumps(step.body)}'")
        return " \\\n    ".join(words)

    def _answered(self, step: Step) -> str:
        status, headers, data = self._ask(step)
        if step.keeps:
            self.kept[step.keeps] = json.loads(data)["id"]
        lines = [f"HTTP/1.1 {status} {http.client.responses[status]}"]
        lines += [f"{name}: {self._known(headers[name])}" for name in SHOWN if name in headers]
        return "\n".join([*lines, *self._body(step, headers.get("Content-Type", ""), data)])

    def _ask(self, step: Step) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.submit.url).netloc, timeout=30)
        headers = {"Authorization": f"Bearer {self.submit.key}", **step.headers}
        body = None if step.body is None else json.dumps(step.body)
        if body is not None:
            headers["Content-Type"] = step.media
        try:
            connection.request(step.method, self._path(step) + step.query, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def _body(self, step: Step, media: str, data: bytes) -> list[str]:
        if media.startswith("text/event-stream"):
            told = [line.split(": {")[0] for line in data.decode().splitlines() if line and not line.startswith(":")]
            return ["", *(f"{line}: {{...}}" if line == "data" else self._known(line) for line in told)]
        if not data or "json" not in media:
            return ["", data.decode().strip() if len(data) < 9 else "..."] if data else []
        found = self._plain(json.loads(data))
        if step.shows:
            cut = {name: found[name] for name in step.shows if name in found}
            return ["", re.sub(r"\n}$", ',\n    "...": "..."\n}', json.dumps(cut, indent=4))]
        return ["", json.dumps(found, indent=4)]

    def _plain(self, value: Any, name: str = "") -> Any:
        """What differs between two walks, in one form."""
        if isinstance(value, dict):
            return {key: self._plain(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._plain(inner, name) for inner in value]
        if isinstance(value, str):
            return "..." if name == "signing_secret_hint" else self._known(value)
        measured = isinstance(value, int | float) and not isinstance(value, bool)
        return next((word for name_of, word in NUMBERS if measured and name_of.search(name)), value)

    def _known(self, text: str) -> str:
        if "key" in self.kept:
            text = text.replace(self.kept["key"], "1a5789b5")
        for pattern, word in TEXTS:
            text = pattern.sub(word, text)
        return re.sub(r"\b(video|evt|we|wd)_[0-9A-Z]{26}", self._named, text)

    def _named(self, found: re.Match[str]) -> str:
        """The nth id that was seen, as the nth of ours."""
        return self.seen.setdefault(found[0], f"{found[1]}_01M8A3X6JVT95ZVAPRSYJX{len(self.seen):04d}")


def _web(folder: Path) -> Path:
    """A built page that is the same on machines that can build ours and on those that cannot."""
    web = folder / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>Flipbook</title>")
    (web / "assets" / "main.js").write_text("// the page\n")
    return web


def page() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "platform").mkdir()
        server = served(Valkey(folder))
        platform = Platform(folder / "platform", next(server).patient_url)
        platform.variables["KEY_PEPPER"] = secrets.token_urlsafe(32)
        platform.variables["WEBHOOK_NETWORKS"] = "127.0.0.0/8"
        platform.variables["WEBHOOK_SIGNING_KEY"] = "whsk_" + base64.b64encode(bytes(32)).decode()
        platform.variables["WEBHOOK_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
        platform.variables["WEB_DIR"] = str(_web(folder))
        try:
            return "".join(Walk(platform.start(drawing=False), platform).parts())
        finally:
            platform.end()
            next(server, None)


if __name__ == "__main__":
    sys.stdout.write(page())
