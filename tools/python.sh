#!/bin/sh
# Print the Python that builds the environments: $PYTHON if it is set, otherwise the first on PATH that is new enough.
set -eu

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    candidates=$PYTHON
    refusal="PYTHON=$PYTHON is not a Python 3.11 or newer: name another one, or leave PYTHON out."
else
    candidates='python3.13
python3.12
python3.11
python3
python'
    refusal="Python 3.11 or newer is needed and was not found on PATH; python3 is $(python3 --version 2>/dev/null || echo missing). \
Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python@3.13), then run the same command again."
fi

IFS='
'
for candidate in $candidates; do
    if new_enough "$candidate"; then
        "$candidate" -c 'import sys; print(sys.executable)'
        exit
    fi
done
echo "$refusal" >&2
exit 1
