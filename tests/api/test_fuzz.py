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


@contextmanager
def platform(folder: Path) -> Iterator[Submit]:
    folder.mkdir()
    server = served(Valkey(folder))
    (folder / "platform").mkdir()
    platform = Platform(folder / "platform", next(server).url)
    platform.variables |= FREELY
    try:
        yield platform.start()
    finally:
        platform.end()
        next(server, None)


def ask(folder: Path, *chosen: str) -> int:
    """How many operations were asked, of which no answer surprised."""
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
        counts = re.search(r"Selected: (\d+)/\d+\n\s+Tested: (\d+)", done.stdout)
        assert counts is not None, done.stdout[-2000:]
        selected, tested = map(int, counts.groups())
        assert selected == tested, counts[0]
        assert "Traceback" not in submit.log.read_text()
        return tested


def fuzz(folder: Path, operations: list[str]) -> int:
    return ask(folder, "--phases=fuzzing", *(f"--include-operation-id={each}" for each in operations))


@pytest.mark.timeout(3600)
def test_no_answer_surprises(app, tmp_path):
    """Chance takes longest: each core has half of the operations, and a platform of its own."""
    paths = app.test_client().get("/openapi.json").json["paths"].values()
    operations = [operation["operationId"] for path in paths for operation in path.values()]

    with ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(fuzz, tmp_path / f"half-{n}", operations[n::2]) for n in range(2)]
        rest = pool.submit(ask, tmp_path / "rest", "--phases=examples,coverage,stateful")

    assert len(operations) == sum(half.result() for half in halves)
    assert len(operations) == rest.result() + 1  # not the document's own, which it leaves out unless it is named
