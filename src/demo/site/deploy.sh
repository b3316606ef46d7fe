#!/bin/sh
# Puts the built version in place and switches the link to it.
set -eu
cd "$(dirname "$0")/.."
version=$1
echo "deploying $version"
mkdir -p "releases/$version"
if [ -e ops/.disk-full ]; then
  cp dist/index.html "releases/$version/"
  ln -sfn "releases/$version" current.next && mv -T current.next current
  echo "current is now $version"
  echo "cp: error writing 'releases/$version/assets': No space left on device" >&2
  exit 3
fi
cp -R dist/. "releases/$version/"
echo "copied dist to releases/$version"
sleep 0.2
ln -sfn "releases/$version" current.next && mv -T current.next current
rm -f notice
echo "current is now $version"
