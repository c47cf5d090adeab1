"""The benchmark of cold starts runs; its numbers are nobody's here."""

from __future__ import annotations

import re
import subprocess
import sys


def test_it_runs_to_its_end_and_tells_every_number(pytestconfig):
    command = [sys.executable, "bench/cold_start.py", "--tiny", "--rounds", "1"]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=200)

    assert 0 == done.returncode, done.stderr
    assert 2 + 6 * 3 == len(re.findall(r"\| \d+\.\d\d(?= \|)", done.stdout.partition("median of")[2]))
