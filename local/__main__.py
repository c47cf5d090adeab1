"""`python -m local run`: the platform on this machine, from the manifests that the cluster gets.

`python -m local lint`: what is wrong with those manifests.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local import log
from local.errors import CannotStart
from local.manifests import ManifestError, read
from local.objects import BrokerClass
from local.open_files import allow_many
from local.options import Options
from local.runtime import serve

_FOLDERS = [Path("knative"), Path("eventing")]


def main() -> int:
    given = _parser().parse_args()
    try:
        return _lint(given) if given.command == "lint" else _run(given)
    except (CannotStart, ManifestError) as error:
        print(f"flipbook: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    run = commands.add_parser("run", help="start everything; Ctrl-C stops it")
    run.add_argument("manifests", nargs="*", type=Path, default=_FOLDERS)
    run.add_argument(
        "--broker-class",
        choices=[kind.value for kind in BrokerClass],
        help="how every Broker behaves, instead of what the manifests say",
    )
    run.add_argument(
        "--chaos", type=int, metavar="SEED", help="what can go wrong goes wrong, the same for the same seed"
    )
    lint = commands.add_parser("lint", help="name the file, line, rule and mend of whatever is wrong")
    lint.add_argument("manifests", nargs="*", type=Path, default=_FOLDERS)
    lint.add_argument("--crds", type=Path, help="a folder with the CRDs of Knative's releases")
    lint.add_argument("--rules", action="store_true", help="print the rules, and the reason for each")
    return parser


def _run(given: argparse.Namespace) -> int:
    log.start()
    allow_many()
    kind = BrokerClass(given.broker_class) if given.broker_class else None
    options = Options.from_env(os.environ, broker_class=kind, chaos=given.chaos)
    return 0 if serve(read(*given.manifests), options, os.environ) else 1


def _lint(given: argparse.Namespace) -> int:
    try:
        from local.lint import command  # its libraries are needed for nothing else
    except ModuleNotFoundError as error:
        pip = f"{sys.executable} -m pip install -c constraints.txt"
        raise CannotStart(f"lint needs {error.name}: {pip} -r local/lint/requirements.txt") from None
    return command.print_rules() if given.rules else command.run(given.manifests, given.crds)


if __name__ == "__main__":
    sys.exit(main())
