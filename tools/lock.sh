#!/bin/sh
# Write requirements/NAME.txt for each NAME from pyproject.toml: exact versions with hashes, for every system and Python
# that the project supports. Usage: sh tools/lock.sh [--upgrade] plain NAME...
#
# plain comes first and constrains the others: the libraries that churn/ uses are the same everywhere.
set -eu
upgrade=
if [ "$1" = --upgrade ]; then
    upgrade=--upgrade
    shift
fi

lock() { # NAME and its sources
    name=$1
    shift
    # fewest: one version for all Pythons instead of the newest for each
    sh tools/uv.sh pip compile "$@" $upgrade --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-header --no-annotate --output-file "requirements/$name.txt"
    echo "requirements/$name.txt: $(grep -c '==' "requirements/$name.txt") packages"
}

for name in "$@"; do
    if [ "$name" = plain ]; then
        lock plain pyproject.toml
    else
        lock "$name" pyproject.toml --extra "$name" --constraints requirements/plain.txt
    fi
done
lock uv --group pyproject.toml:uv
