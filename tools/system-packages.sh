#!/bin/sh
# Install what the tests need from the system, through apt, where we are root and it is missing:
# Chromium, fonts, Node and PostgreSQL; with the argument `soak` also what the long tests put emails, pages and feeds before.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi liberation || missing="$missing fontconfig fonts-liberation2 fonts-noto-core"
command -v npm >/dev/null || missing="$missing nodejs npm"
# Debian keeps the server's programs out of the PATH. The tests start one of their own, in a folder that goes with it.
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$missing postgresql"
if [ "${1:-}" = soak ]; then
    command -v spamassassin >/dev/null || missing="$missing spamassassin"
    command -v mutt >/dev/null || missing="$missing mutt"
    for program in java:default-jre-headless jing:jing newsboat:newsboat r2e:rss2email linkchecker:linkchecker; do
        command -v "${program%:*}" >/dev/null || missing="$missing ${program#*:}"
    done
fi
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
