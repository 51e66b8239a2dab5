#!/bin/sh
# Write together/engines/together.txt from together.in: exact versions with hashes, for Linux and Python 3.11.
# The versions are those of requirements/together.txt, so that a process and a container have the same.
set -eu
cd "$(dirname "$0")/../.."
here=together/engines
sh tools/uv.sh pip compile "$here/together.in" ${1:-} --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
    --constraints requirements/together.txt --generate-hashes --no-header --no-annotate --output-file "$here/together.txt"
echo "$here/together.txt: $(grep -c '==' "$here/together.txt") packages"
