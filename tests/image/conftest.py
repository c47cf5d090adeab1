"""The Dockerfile, read once."""

import pytest

from tests.image.stages import ROOT, read


@pytest.fixture(scope="session")
def stages():
    return read((ROOT / "Dockerfile").read_text())[1]
