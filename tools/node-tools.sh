#!/bin/sh
# Install what the tests ask of Node (tools/node/package.json): an accessibility checker and two mail parsers; with the
# argument `soak` also what the long tests ask (tools/node-soak/package.json): an HTML checker, Lighthouse, a feed parser.
# Without npm, or without a registry to reach, the tests that need them are skipped and say so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

fetch() {
    cd "$here/$1"
    kept=node_modules/.package-lock.json
    [ -e "$kept" ] && [ ! package-lock.json -nt "$kept" ] && return
    if ! command -v npm >/dev/null; then
        echo "npm is missing: tests that need tools/$1 will be skipped" >&2
        return
    fi
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null && touch "$kept" ||
        echo "npm cannot fetch tools/$1: tests that need it will be skipped" >&2
}

fetch node
if [ "${1:-}" = soak ]; then
    fetch node-soak
fi
