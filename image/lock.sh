#!/bin/sh
# Writes image/locks/ anew from requirements*.txt, image/packages/ and constraints.txt. `make locks` runs it.
#
#   image/lock.sh UV     UV: the program
#
# What a lock names already stays as it is, as long as it fits.
set -eu

[ $# -eq 1 ] || { echo "usage: image/lock.sh UV" >&2; exit 2; }
uv=$1
cd "$(dirname "$0")/.."

lock() {
    file=image/locks/$1.txt
    shift
    # From the Python that the images need on: an older 3.11 would want more packages.
    "$uv" pip compile --no-config --quiet --python-version 3.11.3 --python-platform linux --only-binary :all: \
        --generate-hashes --no-annotate --custom-compile-command "make locks" \
        --constraints constraints.txt --output-file "$file" "$@"
}

lock functions functions/submit/requirements.txt functions/notify/requirements.txt functions/recover/requirements.txt
# PyTorch and CUDA are a layer of their own, so generate's lock leaves them out.
lock torch image/packages/torch.txt
lock compiler image/packages/compiler.txt
lock generate functions/generate/requirements-c2pa.txt functions/generate/requirements-fp8.txt \
    --excludes image/packages/torch.txt
lock node image/packages/node.txt
lock sbom image/packages/sbom.txt
