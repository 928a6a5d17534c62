#!/bin/sh
# Install what the tests ask of Node (tools/node/package.json): an accessibility checker and two mail parsers.
# Without npm, or without a registry to reach, the tests that need them are skipped and say so.
set -eu
cd "$(dirname "$0")/node"
kept=node_modules/.package-lock.json
[ -e "$kept" ] && [ ! package-lock.json -nt "$kept" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "npm is missing: tests with axe-core, mailparser and postal-mime will be skipped" >&2
    exit 0
fi
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch "$kept" ||
    echo "npm cannot fetch tools/node: tests with axe-core, mailparser and postal-mime will be skipped" >&2
