#!/bin/sh
# Builds .venv/NAME from requirements/NAME.txt. Usage: sh tools/environment.sh NAME
#
# It is built beside its place and renamed when it is whole, so a killed build leaves nothing that looks finished,
# and two builds at once do no harm.
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
for left in .venv/."$name".*; do # what a killed build left behind
    if [ -d "$left" ] && ! kill -0 "${left##*.}" 2>/dev/null; then rm -rf "$left"; fi
done
trap 'rm -rf "$building"' EXIT
trap 'exit 130' INT TERM
: >"$log"

python=$(sh tools/python.sh)
sh tools/uv.sh --version >/dev/null
if [ -t 1 ]; then printf 'environment %s: installing ...\r' "$name"; fi
sh tools/uv.sh venv --quiet --relocatable --python "$python" "$building" >>"$log" 2>&1 ||
    fail "could not be made with $python (all that uv said is in $log)."
sh tools/uv.sh pip sync --quiet --require-hashes --compile-bytecode --python "$building/bin/python" "requirements/$name.txt" \
    >>"$log" 2>&1 || fail "could not be installed (all that uv said is in $log). Is there a network, and room on the disk?"

packages=$(find "$building" -name '*.dist-info' -type d -prune | wc -l)
version=$("$building/bin/python" --version)
touch "$building/.ok"
mv "$place" "$retired" 2>/dev/null || : # there was none, or another build has just taken it away
mv "$building" "$place"
rm -rf "$retired" "$log" "${place:?}/${building##*/}" # the last is there if another build put its own in place first
echo "environment $name: $((packages)) packages, $(($(date +%s) - started)) s, $version"
