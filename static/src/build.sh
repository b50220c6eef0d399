#!/bin/sh
# Rebuild every committed asset (make assets). With --check, fail when the committed bytes differ from a rebuild.
set -eu
cd "$(dirname "$0")"
# Not `npm ci`: it refuses a lock that leaves out the binaries of other systems.
[ -d node_modules/esbuild ] || npm install --no-save --no-audit --no-fund --silent
node build.mjs "$@"
