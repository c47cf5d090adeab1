"""What some tests need beside Python: absent, they skip on a laptop and fail in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def require(*programs: str) -> None:
    """End the test here if one of the programs is missing; .ci/run installs them all."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        _end(f"not installed: {', '.join(missing)}")


def require_folder(folder: Path) -> None:
    """End the test here if other people's clients are not there; `make test` installs them."""
    if not folder.is_dir():
        _end(f"not installed: {folder.name}; make test does it")


def _end(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
