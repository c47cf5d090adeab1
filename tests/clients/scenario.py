"""Runs a client's script in a process of its own, and holds what it saw against what every client must see."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def run(command: list[str], environ: dict[str, str], timeout: float = 90) -> dict[str, Any]:
    """What the script saw, by check: it prints one JSON object a line, `{check: what it saw}`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(command, env=kept | environ, cwd=HERE, capture_output=True, text=True, timeout=timeout)
    seen: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        seen |= json.loads(line)
    if done.returncode != 0:
        seen["the script"] = done.stderr[-2000:]
    return seen
