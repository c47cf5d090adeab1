"""A fault planted in a copy of the manifests, and where it must be reported."""

import shutil
from pathlib import Path

import pytest

from local.manifests import ManifestError, read
from tests.planting import plant

ROOT = Path(__file__).parents[2]
FOLDERS = ("knative", "eventing")


def copied(place):
    """The folders of a copy of the manifests."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, place / folder)
    return [place / folder for folder in FOLDERS]


def assert_reported(place, name, old, new, said):
    """Plant one fault; the reader must name its file and line, and say what is wrong."""
    folders = copied(place)
    named, line, said = plant(place, name, old, new, said)

    with pytest.raises(ManifestError) as caught:
        read(*folders)

    where, _, message = str(caught.value).partition(": ")
    assert f"{place / named}:{line}" == where
    assert said in message
