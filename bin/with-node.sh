#!/bin/sh
# Runs a script of this repository with the right Node: installs the packages first when they are missing or changed.
# The machine's own Node may be too old; the one from the lock file never is.
# What goes wrong here is code 3, refused: 1 would be a verdict.
set -u
refuse() {
  echo "with-node.sh: $1" >&2
  exit 3
}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || refuse "cannot enter the folder above $0"
[ $# -gt 0 ] || refuse "no script named. What to do: sh bin/with-node.sh cli/main.ts …"
stamp="$root/node_modules/.package-lock.json"
if [ ! -x "$root/node_modules/.bin/node" ] || [ ! -f "$stamp" ] || [ "$root/package-lock.json" -nt "$stamp" ]; then
  echo "installing packages (npm ci) …" >&2
  (cd "$root" && npm ci --no-audit --no-fund --loglevel=error >&2) ||
    refuse "the packages could not be installed. What to do: npm ci, in $root, and see what it says"
fi
PATH="$root/node_modules/.bin:$PATH"
script="$root/$1"
shift
exec "$root/node_modules/.bin/node" "$script" "$@"
