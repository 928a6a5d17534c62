#!/bin/sh
# Pin every dependency with hashes; the lock files name no index host.
set -eu
compile() {
    .venv/bin/pip-compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-emit-index-url \
        --no-emit-trusted-host --no-emit-find-links --no-header "$@"
}
# hatchling and editables build the package itself, so that installing needs no build isolation.
printf 'hatchling\neditables\n' > build-needs.in
trap 'rm -f build-needs.in' EXIT
compile --output-file requirements.lock pyproject.toml build-needs.in
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml build-needs.in
