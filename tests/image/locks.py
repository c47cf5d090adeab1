"""The lock files as tests see them: packages at versions, and their lines."""

from __future__ import annotations

import re

from packaging.utils import canonicalize_name

from tests.image.stages import ROOT

ENTRY = re.compile(r"([\w.-]+)==([^\s;]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def locked(name):
    return {canonicalize_name(found[1]): found[2] for found in ENTRY.finditer(text_of(name))}


def text_of(name):
    return (ROOT / "image" / "locks" / f"{name}.txt").read_text()
