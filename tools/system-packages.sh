#!/bin/sh
# Install what the tests need from the system, through apt, where we are root and it is missing:
# Chromium, fonts and Node; with the argument `soak` also what the long tests put emails, pages and feeds before.
set -eu
missing=
command -v chromium >/dev/null || missing="$missing chromium"
fc-list 2>/dev/null | grep -qi liberation || missing="$missing fontconfig fonts-liberation2 fonts-noto-core"
command -v npm >/dev/null || missing="$missing nodejs npm"
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
