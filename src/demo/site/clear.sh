#!/bin/sh
# Takes a release away that nobody should serve any more; with --on staging, only looks whether it could.
set -eu
cd "$(dirname "$0")/.."
version=$1
if [ "${2:-}" = "--on" ]; then
  test -w releases
  echo "releases can be written; $version would go"
  exit 0
fi
case "$(readlink current)" in *"$version") echo "$version is still served" >&2; exit 2 ;; esac
rm -rf "releases/$version"
echo "took releases/$version away"
