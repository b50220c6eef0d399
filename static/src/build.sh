#!/bin/sh
# Rebuild every committed asset (make assets). With --check, fail when the committed bytes differ from a rebuild.
set -eu
cd "$(dirname "$0")"
[ -d node_modules/esbuild ] || npm ci --no-audit --no-fund --silent
node build.mjs "$@"
