#!/usr/bin/env bash
# Update the lock files, keeping versions if possible; with --upgrade, update all versions.
# Each lock starts with the command that wrote it, which Renovate uses to update it. Renovate
# only supports some of uv's options, in the form --option=value, and updates the locks of one
# source in alphabetical order: requirements.lock must come before those derived from it.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # LOCK SOURCE OPTION...
  uv pip compile --quiet --universal --python-version=3.11 --generate-hashes "${@:3}" \
    --output-file="$1" "$2"
}

compile requirements.lock pyproject.toml --all-extras "$@"
# Images get the same versions as the tests.
for image in serving training; do
  compile "requirements.$image.lock" pyproject.toml \
    --extra="$image" --constraints=requirements.lock
done
compile deploy/requirements-tools.lock deploy/requirements-tools.in "$@"
compile deploy/compose/mlflow/requirements.lock deploy/compose/mlflow/requirements.in \
  --constraints=requirements.lock
