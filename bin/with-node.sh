#!/bin/sh
# Runs a script of this repository with the right Node: installs the packages first when they are missing or changed.
# The machine's own Node may be too old; the one from the lock file never is.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
stamp="$root/node_modules/.package-lock.json"
if [ ! -x "$root/node_modules/.bin/node" ] || [ ! -f "$stamp" ] || [ "$root/package-lock.json" -nt "$stamp" ]; then
  echo "installing packages (npm ci) …" >&2
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2)
fi
PATH="$root/node_modules/.bin:$PATH"
script="$root/$1"
shift
exec node "$script" "$@"
