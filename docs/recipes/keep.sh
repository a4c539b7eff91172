#!/usr/bin/env bash
# keep.sh NAME COMMAND [ARGUMENT...]   runs a command in the background, and again five seconds after it failed
# keep.sh NAME                         ends it
#
# There is one of a NAME: what ran under it before is ended first. One that ends with status 0 stays ended.
# Its log is NAME.log in $AUTOML_KEEP, by default ~/.automl-keep.
set -euo pipefail
umask 077
name=$1
shift
folder=${AUTOML_KEEP:-$HOME/.automl-keep}
mkdir -p "$folder"

exec 8>"$folder/$name.turn"
flock 8 # two of these at once take turns

exec 9>>"$folder/$name.pid" # locked as long as the command or its loop lives
if ! flock --nonblock 9; then
    kill -TERM -- "-$(<"$folder/$name.pid")" || true
    if ! flock --timeout 60 9; then
        kill -KILL -- "-$(<"$folder/$name.pid")" || true
        flock 9
    fi
fi
[ $# -gt 0 ] || exit 0

setsid bash -c 'until "$@"; do sleep "${AUTOML_KEEP_SECONDS:-5}"; done' keep "$@" \
    </dev/null >>"$folder/$name.log" 2>&1 8>&- &
echo $! >"$folder/$name.pid"
