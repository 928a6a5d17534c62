#!/bin/sh
# Make a virtual environment and install pinned dependencies and sparkpub itself into it.
# usage: tools/install.sh PYTHON VENV LOCKFILE
set -eu
python=$1 venv=$2 lock=$3

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "sparkpub needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2
    exit 2
fi
if [ ! -x "$venv/bin/pip" ]; then
    # Debian ships venv without ensurepip; where we may, we add the package it asks for.
    if ! "$python" -c 'import ensurepip' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
    fi
    "$python" -m venv "$venv"
fi
echo "installing $lock into $venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
