"""Programs that some tests need beside Python: absent, they skip on a laptop and fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def require(*programs: str) -> None:
    """End the test here if one of the programs is missing; .ci/run installs them all."""
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
