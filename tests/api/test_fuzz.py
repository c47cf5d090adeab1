"""Everything that the document allows and forbids, sent to submit in gunicorn: no 5xx, no answer but those described.

schemathesis runs all its checks in all its phases: examples, edges of each schema, chance, and chains of calls in
which ids of one answer are used in the next.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.platform import Platform, Submit
from tests.servers import Valkey, served

HERE = Path(__file__).parent
EXAMPLES = 500 if os.environ.get("CI") == "true" else 10
"""An operation. On 2 cores 10 take a minute, 500 take six."""
SEED = os.environ.get("FUZZ_SEED", "20261125")
"""The same chance for everybody: a change is judged by what it changes. Another seed looks elsewhere."""
FREELY = {
    **dict.fromkeys(("RATE_LIMIT", "RATE_LIMIT_CREATE"), "1000000/1"),
    "REQUEST_TIMEOUT_SECONDS": "4",
    "KEY_PEPPER": secrets.token_urlsafe(32),
    "WEBHOOK_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    "WEBHOOK_NETWORKS": "127.0.0.0/8",
}
"""Nobody is held back, no stream lasts for long, keys and endpoints can be made, and callbacks go nowhere else."""
HALVES = ("--include-path-regex=^/v1/videos", "--exclude-path-regex=^/v1/videos")
"""In all phases, one on each core. What is asked of one operation comes from answers of others, and those of a half speak
of the same things; calls that lead from one half into the other are tried in the whole, which takes a minute."""


@contextmanager
def platform(folder: Path) -> Iterator[Submit]:
    folder.mkdir()
    server = served(Valkey(folder))
    (folder / "platform").mkdir()
    platform = Platform(folder / "platform", next(server).patient_url)
    platform.variables |= FREELY
    try:
        yield platform.start()
    finally:
        platform.end()
        next(server, None)


def ask(folder: Path, *chosen: str) -> tuple[int, int]:
    """How many operations were asked, and how many there are. No answer surprised."""
    with platform(folder) as submit:
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
        command += ["--no-color", "--seed", SEED, "--max-examples", str(EXAMPLES), *chosen]
        command += ["-H", f"Authorization: Bearer {submit.key}"]
        told = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "FLIPBOOK_URL": submit.url, "FLIPBOOK_KEY": submit.key}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            [*command, f"{submit.url}/openapi.json"],
            env=kept | told | {"PYTHONPATH": str(HERE)},
            cwd=folder,
            capture_output=True,
            text=True,
        )

        assert 0 == done.returncode, done.stdout[-20000:] + done.stderr[-2000:]
        counts = re.search(r"Selected: (\d+)/(\d+)\n\s+Tested: (\d+)", done.stdout)
        assert counts is not None, done.stdout[-2000:]
        selected, there, tested = map(int, counts.groups())
        assert selected == tested, counts[0]
        assert "Traceback" not in submit.log.read_text()
        return tested, there


@pytest.mark.timeout(3600)
def test_no_answer_surprises(tmp_path):
    with ThreadPoolExecutor(len(HALVES)) as pool:
        halves = [pool.submit(ask, tmp_path / f"half-{n}", half) for n, half in enumerate(HALVES)]
        whole = pool.submit(ask, tmp_path / "whole", "--phases=examples,coverage,stateful")

    asked, there = whole.result()
    assert asked == there == sum(half.result()[0] for half in halves)
