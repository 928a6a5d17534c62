#!/bin/sh
# Install what the tests need from the system: Chromium and fonts, through apt, where we are root and they are missing.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi liberation || missing="$missing fontconfig fonts-liberation2 fonts-noto-core"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
    echo "the tests need$missing; install them and run make test again" >&2
    exit 1
fi
