"""A fault planted in a copy of the manifests, and where it must be reported."""

import shutil
from pathlib import Path

import pytest

from local.manifests import ManifestError, read

ROOT = Path(__file__).parents[2]
FOLDERS = ("knative", "eventing")


def copied(place):
    """The folders of a copy of the manifests."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, place / folder)
    return [place / folder for folder in FOLDERS]


def plant(file, old, new, said):
    """Change the file; returns the line to be named and what must be said about it.

    `@@` stands on the line to be named; where that line is not in `new`, it is quoted after `@@` in `said`.
    """
    said, _, elsewhere = said.partition("@@")
    text = file.read_text()
    assert old in text
    text = text.replace(old, new, 1)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if (elsewhere or "@@") in each)
    file.write_text(text.replace("@@", ""))
    return line, said


def assert_reported(place, name, old, new, said):
    """Plant one fault; the reader must name its file and line, and say what is wrong."""
    folders = copied(place)
    line, said = plant(place / name, old, new, said)

    with pytest.raises(ManifestError) as caught:
        read(*folders)

    where, _, message = str(caught.value).partition(": ")
    assert f"{place / name}:{line}" == where
    assert said in message
