#!/bin/sh
# Run uv: the one on PATH, otherwise one that pip installs into .venv/uv once. Usage: sh tools/uv.sh pip compile ...
set -eu
export UV_PYTHON_DOWNLOADS=never # never download a Python: it would be 100 MB that nobody asked for

if uv --version >/dev/null 2>&1; then
    exec uv "$@"
fi

if [ ! -x .venv/uv/bin/uv ]; then
    python=$(sh tools/python.sh)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$python cannot make an environment: its venv module is missing. On Debian or Ubuntu:" \
            "sudo apt install python3-venv; then run the same command again. (Or install uv, which does not need it.)" >&2
        exit 1
    fi
    mkdir -p .venv
    building=.venv/.uv.$$
    trap 'rm -rf "$building"' EXIT
    trap 'exit 130' INT TERM
    if ! {
        "$python" -m venv "$building" &&
            "$building/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
    } >.venv/uv.log 2>&1; then
        tail -n 20 .venv/uv.log >&2
        echo "pip could not fetch uv; the end of its log is above, all of it in .venv/uv.log." >&2
        exit 1
    fi
    rm -rf .venv/uv
    mv "$building" .venv/uv
    echo "uv was not on PATH: fetched with pip into .venv/uv" >&2
fi
exec .venv/uv/bin/uv "$@"
