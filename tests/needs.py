"""Programs that some tests need: absent, they skip on a laptop and fail in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def needs_program(*names: str) -> pytest.MarkDecorator:
    """Skip where one of the programs is missing, but never in CI, where .ci/run installs them all."""
    missing = [name for name in names if shutil.which(name) is None]
    if os.environ.get("CI") == "true":
        return pytest.mark.usefixtures()  # nothing: without its program the test fails
    return pytest.mark.skipif(bool(missing), reason=f"not installed here: {', '.join(missing)}")
