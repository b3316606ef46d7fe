#!/bin/sh
# Tests the built front end and writes what it found as JUnit XML, as test runners do.
set -eu
cd "$(dirname "$0")/.."
mkdir -p reports
cases="" failed=0 count=0
try() {
  name=$1; shift
  count=$((count + 1))
  if "$@" > /dev/null 2>&1; then
    cases="$cases<testcase classname=\"dist\" name=\"$name\"/>"
  else
    failed=$((failed + 1))
    cases="$cases<testcase classname=\"dist\" name=\"$name\"><failure message=\"does not hold\"/></testcase>"
  fi
}
try "the page is there" test -s dist/index.html
try "the page names the shop" grep -q Academy dist/index.html
try "the script is there" test -s dist/assets/index.js
try "the version is stamped" cmp -s VERSION dist/VERSION
cat > reports/junit.xml.new <<XML
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="academy"><testsuite name="dist" tests="$count" failures="$failed">
<properties><property name="version" value="$(cat VERSION)"/></properties>
$cases
</testsuite></testsuites>
XML
mv reports/junit.xml.new reports/junit.xml
echo "$count tests ran, $failed failed"
