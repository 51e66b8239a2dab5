#!/bin/sh
# Build .venv/NAME from requirements/NAME.txt. Usage: sh tools/environment.sh NAME
#
# The environment is built under a temporary name and renamed when it is complete. A killed build therefore never looks
# finished, and two builds at the same time do no harm.
set -eu
name=$1
place=.venv/$name
building=.venv/.$name.new.$$
retired=.venv/.$name.old.$$
log=.venv/$name.log
started=$(date +%s)

fail() {
    [ ! -t 1 ] || echo
    [ ! -s "$log" ] || tail -n 20 "$log" >&2
    echo "environment $name: $1" >&2
    exit 1
}

mkdir -p .venv
for left in .venv/."$name".*; do # remains of killed builds
    if [ -d "$left" ] && ! kill -0 "${left##*.}" 2>/dev/null; then rm -rf "$left"; fi
done
trap 'rm -rf "$building"' EXIT
trap 'exit 130' INT TERM
: >"$log"

python=$(sh tools/python.sh)
sh tools/uv.sh --version >/dev/null
if [ -t 1 ]; then printf 'environment %s: installing ...\r' "$name"; fi
sh tools/uv.sh venv --quiet --relocatable --python "$python" "$building" >>"$log" 2>&1 ||
    fail "could not be created with $python (uv's output is in $log)."
# Without bytecode: Python compiles what it imports, which is less than half of what is here.
sh tools/uv.sh pip sync --quiet --require-hashes --python "$building/bin/python" "requirements/$name.txt" >>"$log" 2>&1 ||
    fail "could not be installed (uv's output is in $log). Check the network and the free disk space."

packages=$(find "$building" -name '*.dist-info' -type d -prune | wc -l)
version=$("$building/bin/python" --version)
touch "$building/.ok"
mv "$place" "$retired" 2>/dev/null || : # there was none, or a parallel build has just moved it
mv "$building" "$place"
rm -rf "$retired" "$log" "${place:?}/${building##*/}" # the last exists if a parallel build was first
echo "environment $name: $((packages)) packages, $(($(date +%s) - started)) s, $version"
