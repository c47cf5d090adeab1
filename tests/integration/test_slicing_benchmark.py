"""The benchmark of slices runs, and its own check (a sliced drawing is the same) holds. Its numbers are nobody's here."""

from __future__ import annotations

import re
import subprocess
import sys


def test_it_runs_to_its_end_and_tells_every_number(pytestconfig):
    command = [sys.executable, "bench/slicing.py", "--tiny"]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=150)

    assert (0, "") == (done.returncode, done.stderr)
    assert 5 == len(re.findall(r"-?\d+\.\d{4} s", done.stdout))
    assert "not measured" in done.stdout
