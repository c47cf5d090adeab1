"""A test that CI should have run cannot hide there behind a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.gpu
def test_marked(): pytest.skip("no GPU here")

@pytest.mark.skip(reason="not today")
def test_by_marker(): pass

def test_inside(): pytest.skip("no server here")

@pytest.fixture
def server(): pytest.skip("no server here either")

def test_before(server): pass
"""


@pytest.mark.parametrize(("ci", "end", "counts"), [("", 0, "4 skipped"), ("true", 1, "1 failed, 1 skipped, 2 errors")])
def test_only_what_is_marked_is_skipped_in_ci(tmp_path, ci, end, counts):
    (tmp_path / "test_skipping.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text("from tests.skips import pytest_runtest_makereport\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", tmp_path],
        cwd=ROOT,
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (end, True) == (done.returncode, counts in done.stdout), done.stdout
    assert bool(ci) == (
        "nothing is skipped in CI but what is marked disk or gpu or schemas: no server here" in done.stdout
    )
