"""Clients that know nothing of us, unmodified, each through the same list of checks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests import needs
from tests.clients import scenario

JPEG, WEBP = "ffd8ffe0", b"RIFF".hex()
MUST_SEE: dict[str, dict[str, Any]] = {
    "create": {
        "object": "video",
        "model": "mochi-1-tiny",
        "seconds": "1.03",
        "goes on": True,
        "found": True,
    },
    "native_fields": {"seed": 7, "steps": 3, "metadata": {"scene": "12"}, "size": "64x64"},
    "success": {"status": "completed", "progress": 100, "error": None},
    "failure": {"status": "failed", "code": "quality_check_failed"},
    "cancel": {"status": "failed", "code": "job_cancelled"},
    "paging": {"newest first": True},
    "download": {"whole": True, "thumbnail": WEBP, "spritesheet": JPEG},
    "remix": {"of": True, "prompt": "a blue cat", "seed": 7},
    "delete": {"deleted": True, "object": "video.deleted", "after": 404},
    "wrong": {"status": 400, "code": "invalid_parameter", "sent": 1},
    "stranger": {"status": 401, "code": "invalid_api_key", "sent": 1},
    "conflict": {"status": 409, "code": "not_ready", "sent": 1},
    "away": {"status": 503, "code": "store_unavailable", "sent": 3},
    "limited": {"answered": 3, "repeated": True},
}
PATIENT = {"wrong": False, "stranger": False, "conflict": False, "away": True}
"""curl counts nothing, but it shows that it waits and tries again."""
FOLDERS = Path(sys.prefix) / "clients"
"""Where `make test` puts old versions."""


def python(version: str) -> tuple[list[str], dict[str, str]]:
    """The version of the tests' own requirements, or another from its folder."""
    folder = FOLDERS / f"openai-{version}"
    path = {} if version == "3.54.0" else {"PYTHONPATH": str(folder)}
    if path:
        needs.require_folder(folder)
    return [sys.executable, "python/openai_videos.py", version], path


def node() -> tuple[list[str], dict[str, str]]:
    needs.require("node")
    needs.require_folder(scenario.HERE / "node" / "node_modules")
    return ["node", "node/openai.mjs"], {}


def curl() -> tuple[list[str], dict[str, str]]:
    needs.require("curl")
    return [sys.executable, "python/curl_videos.py"], {}


CLIENTS: dict[str, Callable[[], tuple[list[str], dict[str, str]]]] = {
    "openai-python 2.2.0": lambda: python("2.2.0"),
    "openai-python 2.54.0": lambda: python("2.54.0"),
    "openai-python 3.54.0": lambda: python("3.54.0"),
    "openai-node 7.57.0": node,
    "curl": curl,
}


@pytest.fixture(scope="session")
def seen_by(addresses):
    """What a client saw; each runs once."""

    @cache
    def seen(client: str) -> dict[str, Any]:
        command, path = CLIENTS[client]()
        return scenario.run(command, addresses.environ | path)

    return seen


@pytest.mark.parametrize("check", MUST_SEE)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_sees_what_it_must(seen_by, client, check):
    seen = seen_by(client)
    expected = dict(MUST_SEE[check])
    if client == "curl" and "sent" in expected:
        expected = {name: value for name, value in expected.items() if name != "sent"} | {"waited": PATIENT[check]}

    assert expected == seen.get(check), seen.get("the script")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_s_script_has_no_checks_of_its_own_and_ends_well(seen_by, client):
    assert set(MUST_SEE) == set(seen_by(client))
