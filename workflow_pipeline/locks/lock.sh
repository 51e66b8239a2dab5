#!/bin/sh
# Write workflow_pipeline/locks/NAME.txt from NAME.in: exact versions with hashes, for Linux and Python 3.11.
# The versions are those of requirements/plain.txt, except in `validate`: Frouros needs an older NumPy, SciPy and Matplotlib.
set -eu
cd "$(dirname "$0")/../.."
here=workflow_pipeline/locks
upgrade=${1:-} # or --upgrade
other=$(mktemp)
trap 'rm -f "$other"' EXIT
sed '/^\(numpy\|scipy\|matplotlib\)==/,/[^\\]$/d' requirements/plain.txt >"$other"

lock() { # NAME and options
    name=$1
    shift
    sh tools/uv.sh pip compile "$here/$name.in" "$@" $upgrade --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
        --generate-hashes --no-header --no-annotate --output-file "$here/$name.txt"
    echo "$here/$name.txt: $(grep -c '==' "$here/$name.txt") packages"
}

lock kfp --no-deps --constraints requirements/plain.txt
lock validate --constraints "$other"
for name in process train serve; do
    lock "$name" --constraints requirements/plain.txt
done
