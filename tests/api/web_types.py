"""Writes the page's types of the API, from its OpenAPI document: python -m tests.api.web_types

Needs Node, and `npm ci` in web/. The head of the file names what it was made of, so that a machine without Node knows
too whether it is fresh.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from functions.submit import openapi
from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.settings import Settings

WEB: Final = Path(__file__).parents[2] / "web"
FILE: Final = WEB / "src/shared/api/schema.d.ts"
MADE: Final = "Written by `python -m tests.api.web_types`, of"
PATHS: Final = (
    "/v1/models",
    "/v1/queue",
    "/v1/videos",
    "/v1/videos/estimate",
    "/v1/videos/{id}",
    "/v1/videos/{id}/cancel",
    "/v1/videos/{id}/deliveries",
    "/v1/videos/{id}/deliveries/{delivery}/replay",
    "/v1/videos/{id}/remix",
    "/v1/videos/{id}/retry",
    "/v1/webhook_endpoints",
    "/v1/webhook_endpoints/{endpoint}",
    "/v1/webhook_endpoints/{endpoint}/deliveries",
    "/v1/webhook_endpoints/{endpoint}/deliveries/replay",
    "/v1/webhook_endpoints/{endpoint}/deliveries/{delivery}/replay",
    "/v1/webhook_endpoints/{endpoint}/rotate_secret",
    "/v1/webhook_endpoints/{endpoint}/test",
    "/v1/webhook_event_types",
)
"""What the page asks for. Others' fields are no matter to it."""
_WORDS: Final = ("description", "summary", "example", "examples")
_REFERENCE: Final = re.compile(r"#/components/(\w+)/([\w.-]+)")


def document() -> dict[str, Any]:
    """The document as far as the page needs it, without words for people: who mends a sentence changes no type."""
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    settings = Settings.from_env(places | {"API_KEYS": new_api_key()})
    services = wiring.build(settings)
    try:
        whole = _wordless(openapi.document(create_app(settings, services)))
    finally:
        services.close()
    paths = {path: whole["paths"][path] for path in PATHS}
    components: dict[str, dict[str, Any]] = {}
    for kind, name in sorted(_needed(paths, whole["components"])):
        components.setdefault(kind, {})[name] = whole["components"][kind][name]
    return {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": components}


def digest(wanted: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


def text() -> str:
    """The file, as openapi-typescript writes it."""
    wanted = document()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        source.write_text(json.dumps(wanted))
        program = WEB / "node_modules/.bin/openapi-typescript"
        subprocess.run(
            [program, source, "-o", target, "--default-non-nullable=false"], check=True, capture_output=True, cwd=WEB
        )
        return f"// {MADE} {digest(wanted)}.\n{target.read_text()}"


def _wordless(part: Any, *, names: bool = False) -> Any:
    """Without what is for people. Where keys are `names` of the API's own, none of them is such a word."""
    if isinstance(part, list):
        return [_wordless(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: value for key, value in part.items() if names or key not in _WORDS}
    return {key: _wordless(value, names=not names and key == "properties") for key, value in kept.items()}


def _needed(part: Any, components: dict[str, Any]) -> set[tuple[str, str]]:
    """The components that `part` refers to, and those that they refer to."""
    found: set[tuple[str, str]] = set()
    ahead = list(_references(part))
    while ahead:
        reference = ahead.pop()
        if reference not in found:
            found.add(reference)
            kind, name = reference
            ahead += _references(components[kind][name])
    return found


def _references(part: Any) -> Iterator[tuple[str, str]]:
    yield from ((kind, name) for kind, name in _REFERENCE.findall(json.dumps(part)))


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text())
