#!/usr/bin/env bash
# Update the lock files, keeping versions where possible, or all of them: --upgrade.
# Each lock starts with the command that wrote it, which Renovate reads to renew it. It knows
# only some of uv's options, each joined to its value, and renews the locks of one source in
# alphabetical order: requirements.lock must come before those derived from it.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # LOCK SOURCE OPTION...
  uv pip compile --quiet --universal --python-version=3.11 --generate-hashes "${@:3}" \
    --output-file="$1" "$2"
}

compile requirements.lock pyproject.toml --all-extras "$@"
# What is installed in images has the versions that were tested.
for image in serving training; do
  compile "requirements.$image.lock" pyproject.toml \
    --extra="$image" --constraints=requirements.lock
done
compile deploy/requirements-tools.lock deploy/requirements-tools.in "$@"
compile deploy/compose/mlflow/requirements.lock deploy/compose/mlflow/requirements.in \
  --constraints=requirements.lock
