#!/bin/sh
# Writes down what lies in a virtual environment, as CycloneDX 1.6.
#
#   image/sbom.sh TOOL FOLDER FILE     TOOL: where image/locks/sbom.txt was installed
set -eu

[ $# -eq 3 ] || { echo "usage: image/sbom.sh TOOL FOLDER FILE" >&2; exit 2; }

# Reproducible: without the time and the random number that would make each file another one.
exec "$1/bin/cyclonedx-py" environment --output-reproducible --spec-version 1.6 --output-format JSON \
    --output-file "$3" "$2/bin/python"
