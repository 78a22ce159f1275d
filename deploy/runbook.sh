#!/usr/bin/env bash
# The commands of docs/how-to/runbook.md; source it in your shell:
#   source deploy/runbook.sh compose      # the stack on this machine
#   source deploy/runbook.sh kubernetes   # the namespace NAMESPACE of kubectl's context
# The images have no curl and only a minimal shell, so requests are sent with their Python.

if [ -z "${BASH_VERSION:-}" ]; then
  echo "deploy/runbook.sh needs bash: start bash, then source it again" >&2
  # shellcheck disable=SC2317
  return 2 2>/dev/null || exit 2
fi

NAMESPACE="${NAMESPACE:-iris}"
# The cluster's Prometheus, as named by kube-prometheus-stack.
MONITORING="${MONITORING:-monitoring}"
PROMETHEUS="${PROMETHEUS:-statefulset/prometheus-kube-prometheus-stack-prometheus}"

case "${1:-}" in
  compose)
    COMPOSE_FILE_PATH="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/compose/compose.yaml"
    METRICS_PORT=8000
    compose() { docker compose --file "$COMPOSE_FILE_PATH" "$@"; }
    # inside SERVICE COMMAND...: run a command in a container of a service
    inside() { local service=$1; shift; compose exec -T "$service" "$@"; }
    # query PROMQL: query Prometheus
    query() { inside prometheus promtool query instant http://localhost:9090 "$1"; }
    # logs SERVICE [TEXT]: log lines of the last hour that contain a text
    logs() { compose logs --no-log-prefix --since 1h "$1" | grep --fixed-strings -- "${2:-}"; }
    # state: the containers, and since when they are running
    state() { compose ps --all; }
    # why SERVICE: why its containers last exited
    why() { compose ps --all --quiet "$1" | xargs docker inspect --format '{{.Name}} {{json .State}}'; }
    start() { compose up --detach "$1"; }
    restart() { compose restart "$1"; }
    stop() { compose stop "$1"; }
    # The whole service, including the follower, is one container.
    replace() { compose restart serving; }
    restart_follower() { compose restart serving; }
    scale() {
      echo "One machine: set IRIS_WORKERS of the service in $COMPOSE_FILE_PATH, then compose up --detach serving" >&2
      return 1
    }
    ;;
  kubernetes)
    METRICS_PORT=9000
    cluster() { kubectl --namespace "$NAMESPACE" "$@"; }
    inside() { local service=$1; shift; cluster exec "deployment/iris-$service" -- "$@"; }
    query() {
      kubectl --namespace "$MONITORING" exec "$PROMETHEUS" --container prometheus -- \
        promtool query instant http://localhost:9090 "$1"
    }
    logs() {
      cluster logs --selector "app.kubernetes.io/name=iris-$1" --all-containers --since=1h --tail=-1 \
        --max-log-requests=50 | grep --fixed-strings -- "${2:-}"
    }
    state() { cluster get pods --output wide; }
    why() {
      cluster get pods --selector "app.kubernetes.io/name=iris-$1" --output \
        'jsonpath={range .items[*]}{.metadata.name}{" "}{.status.containerStatuses[*].lastState}{"\n"}{end}'
    }
    # start SERVICE: one pod; the autoscaler adds others
    start() { cluster scale "deployment/iris-$1" --replicas 1; }
    restart() { cluster rollout restart "deployment/iris-$1"; }
    stop() { cluster scale "deployment/iris-$1" --replicas 0; }
    # replace POD: a new pod of the service instead of this one; the others keep running
    replace() { cluster delete pod "$1"; }
    # restart_follower POD: stops its process, and Kubernetes restarts the container
    restart_follower() {
      cluster exec "pod/$1" --container follower -- python -c 'import os; os.kill(1, 15)'
    }
    # scale PODS: sets the minimum number of pods; the autoscaler may add more
    scale() {
      cluster patch horizontalpodautoscaler iris-serving --type merge \
        --patch "{\"spec\":{\"minReplicas\":$1}}"
    }
    ;;
  *)
    echo "usage: source deploy/runbook.sh compose|kubernetes" >&2
    # Return if sourced, exit if run as a script.
    # shellcheck disable=SC2317
    return 2 2>/dev/null || exit 2
    ;;
esac

# ask SERVICE PORT PATH: the body of a response with any status
ask() {
  inside "$1" python -c '
import sys
from urllib.error import HTTPError
from urllib.request import urlopen
try:
    response = urlopen(f"http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}", timeout=10)
except HTTPError as error:
    response = error
print(response.read().decode())' "$2" "$3"
}

# ready: the readiness of one instance of the service
ready() { ask serving 8000 /health/ready; }

# metric NAME: the values of a metric in one instance of the service, or in the watcher
metric() {
  case "$1" in
    watcher_* | monitoring_*) ask watcher 8001 /metrics ;;
    *) ask serving "$METRICS_PORT" /metrics ;;
  esac | grep --extended-regexp "^$1(\{| )"
}

# model COMMAND...: kedro model, in the watcher's container and environment (KEDRO_ENV)
model() { inside watcher kedro model "$@"; }

# watch COMMAND...: kedro watch, in the watcher's container
watch() { inside watcher kedro watch "$@"; }

# train REASON: request a training from the watcher
train() {
  inside watcher python -c '
import json, os, sys
from urllib.request import Request, urlopen
body = json.dumps({"reason": sys.argv[1]}).encode()
token = os.environ["IRIS_WATCHER_TOKEN"]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
print(urlopen(Request("http://127.0.0.1:8001/trigger", body, headers), timeout=30).read().decode())' "$1"
}
