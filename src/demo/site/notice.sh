#!/bin/sh
# Shows customers that something is being changed, or no longer; with --on staging, only looks whether it could.
set -eu
cd "$(dirname "$0")/.."
if [ "${2:-}" = "--on" ]; then
  test -w .
  echo "the notice could be switched $1"
  exit 0
fi
case "$1" in
  on) echo "courses may answer slowly for some minutes" > notice ;;
  off) rm -f notice ;;
  *) echo "on or off" >&2; exit 2 ;;
esac
echo "the notice is $1"
