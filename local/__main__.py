"""`python -m local run`: the platform on this machine, from the manifests that the cluster gets."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local import log
from local.errors import CannotStart
from local.manifests import ManifestError, read
from local.open_files import allow_many
from local.options import Options
from local.runtime import serve


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="start everything; Ctrl-C stops it")
    run.add_argument("manifests", nargs="*", type=Path, default=[Path("knative"), Path("eventing")])
    given = parser.parse_args()
    log.start()
    try:
        return _run(given.manifests)
    except (CannotStart, ManifestError) as error:
        print(f"flipbook: {error}", file=sys.stderr)
        return 2


def _run(folders: list[Path]) -> int:
    allow_many()
    options = Options.from_env(os.environ)
    return 0 if serve(read(*folders), options, os.environ) else 1


if __name__ == "__main__":
    sys.exit(main())
