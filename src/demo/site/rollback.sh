#!/bin/sh
# Switches the link back to the version before; with --on staging, that of the staging copy.
set -eu
cd "$(dirname "$0")/.."
version=$1
link=current
if [ "${2:-}" = "--on" ]; then link=$3; fi
test -s "releases/$version/VERSION" || { echo "releases/$version is not whole" >&2; exit 2; }
ln -sfn "releases/$version" "$link.next" && mv -T "$link.next" "$link"
echo "$link is now $version"
