#!/bin/sh
# Switches the link back to the version before.
set -eu
cd "$(dirname "$0")/.."
version=$1
ln -sfn "releases/$version" current.next && mv -T current.next current
echo "current is now $version"
