"""`python -m local lint knative eventing`: what is wrong with the manifests, before a cluster says so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.errors import CannotStart
from local.lint.catalogue import READING, RULES
from local.lint.crds import schemas
from local.lint.run import SETTINGS, Lint

_SETTINGS: Final = Path(__file__).parents[2] / "knative" / SETTINGS


def run(folders: Sequence[Path], crds: Path | None) -> int:
    """Print each finding on a line of its own.

    Returns:
        0 where nothing was found, else 1.

    Raises:
        CannotStart: A folder is not there.
    """
    for folder in (*folders, *([crds] if crds else [])):
        if not folder.is_dir():
            raise CannotStart(f"lint: there is no folder {folder}.")
    has_own = any((folder / SETTINGS).is_dir() for folder in folders)
    look = Lint(folders, schemas(crds) if crds else {}, () if has_own else [_SETTINGS])
    findings = look.look()
    for each in findings:
        print(each)
    if look.unseen:
        names = ", ".join(sorted(str(each) for each in look.unseen))
        print(f"lint: not looked at, because kubectl is not installed: {names}", file=sys.stderr)
    print(f"lint: {len(findings)} found in {', '.join(map(str, folders))}", file=sys.stderr)
    return 1 if findings else 0


def print_rules() -> int:
    for name, why in (*READING.items(), *((rule.name, rule.why) for rule in RULES)):
        print(f"{name:17} {why}")
    return 0
