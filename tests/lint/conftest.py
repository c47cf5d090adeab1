"""Copies of the manifests, to spoil."""

import shutil
from pathlib import Path

import pytest

from local.lint.run import Lint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root():
    return ROOT


@pytest.fixture
def base(tmp_path):
    """The two bases, without what can be laid over them: kubectl is not needed for these."""
    shutil.copytree(ROOT / "knative" / "base", tmp_path / "knative" / "base")
    shutil.copy(ROOT / "knative" / "kustomization.yaml", tmp_path / "knative")
    shutil.copytree(ROOT / "eventing", tmp_path / "eventing", ignore=shutil.ignore_patterns("components", "schemas"))
    return [tmp_path / "knative", tmp_path / "eventing"]


@pytest.fixture
def look(tmp_path):
    """What lint finds: (file below the copy, line, rule, what, mend)."""

    def run(folders):
        found = Lint(folders).look()
        return [
            (str(each.file.relative_to(tmp_path.resolve())), each.line, each.rule, each.what, each.mend)
            for each in found
        ]

    return run
