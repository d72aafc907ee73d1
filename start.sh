#!/bin/sh
# Installs what is missing, then runs database, Prefect server, dispatcher and workers until Ctrl-C.
# Options go to `slideloom serve`: ./start.sh --port 4300
cd -- "$(dirname -- "$0")" && exec make --no-print-directory serve ARGS="$*"
