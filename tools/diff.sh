#!/bin/sh
# Shows a stage of the plain script next to the same stage of a pipeline. Usage: sh tools/diff.sh STAGE PIPELINE
set -eu
stage=${1:-}
pipeline=${2:-}

one_of() { # SETTING VALUE NAME...
    setting=$1 value=$2
    shift 2
    for name in "$@"; do
        if [ "$value" = "$name" ]; then return; fi
    done
    echo "error: $setting=$value is not one of: $*. Example: make diff STAGE=train PIPELINE=model" >&2
    exit 2
}

one_of STAGE "$stage" collect validate process build train deploy pipeline
one_of PIPELINE "$pipeline" workflow data model tracking

width=160
colours=
if [ -t 1 ]; then width=$(tput cols 2>/dev/null || echo "$width"); fi
if diff --color=auto /dev/null /dev/null 2>/dev/null; then colours=--color=auto; fi
echo "left: churn/$stage.py   right: ${pipeline}_pipeline/$stage.py"
diff -y -t -W "$width" $colours "churn/$stage.py" "${pipeline}_pipeline/$stage.py" || [ $? = 1 ] # 1: the files differ
