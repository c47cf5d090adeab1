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
from pathlib import Path

import pytest

from tests.clients.platform import Platform
from tests.servers import Valkey, served

HERE = Path(__file__).parent
EXAMPLES = 500 if os.environ.get("CI") == "true" else 10
"""An operation. On 2 cores 10 take a minute, 500 take ten."""
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


@pytest.fixture
def submit(tmp_path):
    server = served(Valkey(tmp_path))
    (tmp_path / "platform").mkdir()
    platform = Platform(tmp_path / "platform", next(server).url)
    platform.variables |= FREELY
    try:
        yield platform.start()
    finally:
        platform.end()
        next(server, None)


@pytest.mark.timeout(3600)
def test_no_answer_surprises(submit, tmp_path):
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]
    command += ["--no-color", "--seed", SEED, "--max-examples", str(EXAMPLES)]
    command += ["-H", f"Authorization: Bearer {submit.key}"]
    told = {"SCHEMATHESIS_HOOKS": "fuzz_hooks", "FLIPBOOK_URL": submit.url, "FLIPBOOK_KEY": submit.key}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [*command, f"{submit.url}/openapi.json"],
        env=kept | told | {"PYTHONPATH": str(HERE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert 0 == done.returncode, done.stdout[-20000:] + done.stderr[-2000:]
    tested = re.search(r"Selected: (\d+)/(\d+)\n\s+Tested: (\d+)", done.stdout)
    assert tested is not None, done.stdout[-2000:]
    assert 1 == len(set(tested.groups())), tested[0]
    assert "Traceback" not in submit.log.read_text()
