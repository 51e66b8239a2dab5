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
form="-y -t -W $width" header="left: churn/$stage.py   right: ${pipeline}_pipeline/$stage.py"
if [ "$width" -lt 120 ]; then # two columns would cut the lines
    form=-u header="-: churn/$stage.py   +: ${pipeline}_pipeline/$stage.py   (side by side from 120 columns on)"
fi
echo "$header"
diff $form $colours "churn/$stage.py" "${pipeline}_pipeline/$stage.py" || [ $? = 1 ] # 1: the files differ
