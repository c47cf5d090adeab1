#!/bin/sh
# Puts the packages of lock files into a virtual environment: what the Dockerfile runs, and tests without an engine.
#
#   image/install.sh FOLDER LOCK...
#
# Only wheels, and only those whose hash a lock names: nothing is built here, and nothing is resolved anew.
set -eu

[ $# -ge 2 ] || { echo "usage: image/install.sh FOLDER LOCK..." >&2; exit 2; }
folder=$1
shift
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(not (3, 11, 3) <= sys.version_info < (3, 12))' ||
    { echo "image/install.sh: the locks are for Python 3.11, from 3.11.3 on; this is $("$python" --version)" >&2; exit 1; }
[ -x "$folder/bin/python" ] || "$python" -m venv --without-pip "$folder"

before=$(mktemp)
trap 'rm -f "$before"' EXIT
for lock; do
    "$python" -m pip --python "$folder/bin/python" install --quiet --no-input --disable-pip-version-check \
        --root-user-action ignore --no-cache-dir --no-compile --no-deps --only-binary :all: --require-hashes -r "$lock"
done
"$python" -m pip --python "$folder/bin/python" check --disable-pip-version-check

# Compiled by hash and not by time: a builder may give all files one time, and a read-only root could not mend it.
# py312_*: PyTorch ships a file that only Python 3.12 can read.
find "$folder/lib" -name '*.py' ! -name 'py312_*' -newer "$before" -print0 |
    xargs -0 -r -n 500 -P "$(nproc)" "$folder/bin/python" -m compileall -q --invalidation-mode unchecked-hash
