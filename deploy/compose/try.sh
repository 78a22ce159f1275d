#!/usr/bin/env bash
# Try the stack on this machine: build and start it as a separate project, wait for the first
# release, predict, check Prometheus and MLflow's login, back up and restore, and remove it.
# Needs Docker, curl, Python, and the ports of the stack. Existing stacks and .env are not
# changed. TRY_SECONDS limits each wait.
set -euo pipefail
cd "$(dirname "$0")"

SERVICE=${SERVICE:-http://127.0.0.1:8000}
PROMETHEUS=${PROMETHEUS:-http://127.0.0.1:9090}
MLFLOW=${MLFLOW:-http://127.0.0.1:5000}
TRY_SECONDS=${TRY_SECONDS:-900}
scratch=$(mktemp -d)
REVISION=$(git rev-parse HEAD)
export REVISION COMPOSE_PROJECT_NAME=iris-try COMPOSE_ENV_FILES="$scratch/.env"

compose() { docker compose --file compose.yaml "$@"; }

finish() {
  local code=$?
  if [ $code -ne 0 ]; then
    compose ps --all || true
    compose logs --tail 100 || true
  fi
  compose down --volumes || true
  rm -rf "$scratch"
  exit $code
}
trap finish EXIT

step() { printf '\n--- %s\n' "$*"; }

start() {
  compose up "$@" --detach --wait --wait-timeout "$TRY_SECONDS"
  python3 ../smoke_test.py "$SERVICE" --seconds "$TRY_SECONDS"
}

# Whether a Prometheus query has a result.
query() { curl --silent --fail --get --data-urlencode "query=$1" "$PROMETHEUS/api/v1/query" | grep -q '"value"'; }

wait_for() { # QUERY
  local end=$((SECONDS + TRY_SECONDS))
  until query "$1"; do
    [ $SECONDS -lt $end ] || { echo "Prometheus has no result for $1 after $TRY_SECONDS s" >&2; return 1; }
    sleep 2
  done
}

step "Start"
python3 write_env.py "$scratch/.env"
start --build

step "Targets"
wait_for 'up{job="iris-serving"} == 1'
wait_for 'up{job="iris-watcher"} == 1'

step "Login"
for path in "" /api/2.0/mlflow/registered-models/search; do
  code=$(curl --silent --output /dev/null --write-out '%{http_code}' "$MLFLOW$path")
  [ "$code" = 401 ] || { echo "$MLFLOW$path returns $code without a login, not 401" >&2; exit 1; }
done

step "Backup and restore"
python3 backup/create.py "$scratch/backups"
python3 backup/restore.py --replace "$scratch"/backups/2*
start
