#!/bin/sh
# Change the code in a copy of the repository, runs/mutants, and see which changes no test notices.
# Usage: sh tools/mutants.sh PYTHON [MUTANTS], for example 'churn.value*'. The settings are in pyproject.toml.
set -eu
python=$(pwd)/$1
shift
rm -rf runs/mutants
mkdir -p runs/mutants
git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C runs/mutants
cd runs/mutants
"$python" -m mutmut run "$@" >mutmut.log 2>&1 || { tail -n 40 mutmut.log >&2 && exit 1; }
"$python" -m tools.mutants mutants
