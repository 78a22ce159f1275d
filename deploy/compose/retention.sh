#!/bin/sh
# Once a day, delete old versions of the model with their runs, and free the space of runs that
# were deleted long enough ago.
set -u
trap 'exit 0' TERM INT

while :; do
  pause=600 # MLflow may be down
  if kedro model prune --keep "$RETENTION_VERSIONS" \
    && mlflow gc --older-than "${RETENTION_DAYS}d" --backend-store-uri "$BACKEND_STORE_URI"; then
    touch "${SUCCEEDED:-/tmp/succeeded}"
    pause=86400
  fi
  sleep "$pause" &
  wait $!
done
