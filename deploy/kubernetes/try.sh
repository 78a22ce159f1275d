#!/usr/bin/env bash
# Try the manifests on a real cluster on this machine: deploy with the deployer's permissions,
# predict through the gateway, check that network policies work, update, and roll back.
#   deploy/kubernetes/try.sh              everything; KEEP=1 leaves the cluster running
#   deploy/kubernetes/try.sh STEP...      some of the steps at the end of this file
# Needs Docker, kind 0.27 or newer, whose network plugin enforces network policies, kubectl, make
# and Python.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."

CLUSTER=iris-try
STATE=build/try
REGISTRY=$CLUSTER-registry
REGISTRY_ADDRESS=localhost:5001
# renovate: datasource=github-releases depName=envoyproxy/gateway
GATEWAY_VERSION=v1.7.2
# renovate: datasource=github-releases depName=prometheus-operator/prometheus-operator
OPERATOR_VERSION=v0.92.0
GATEWAY_NAMESPACE=envoy-gateway-system
PUBLIC_NAME_SERVER=1.1.1.1
IMAGES=deploy/kubernetes/overlays/try/images/kustomization.yaml
# Not the user's own configuration.
export KUBECONFIG=$PWD/$STATE/administrator.yaml

fail() {
  echo "Failed: $*" >&2
  return 1
}

retry() { # COMMAND...: until it succeeds, for two minutes
  local attempt
  for attempt in $(seq 24); do
    if "$@"; then return; fi
    sleep 5
  done
  fail "$attempt times: $*"
}

# --- Images and cluster ------------------------------------------------------------------

build_images() {
  make image image-training TAG=try
}

create_registry() {
  docker run --detach --name "$REGISTRY" --publish 127.0.0.1:5001:5000 registry:3
}

create_cluster() {
  kind create cluster --name "$CLUSTER" --wait 180s
}

# Under the same name as on this machine, so that an image has one name everywhere.
connect_registry() {
  local node folder=/etc/containerd/certs.d/$REGISTRY_ADDRESS
  for node in $(kind get nodes --name "$CLUSTER"); do
    docker exec "$node" mkdir --parents "$folder"
    docker exec --interactive "$node" cp /dev/stdin "$folder/hosts.toml" \
      <<<"[host.\"http://$REGISTRY:5000\"]"
  done
  docker network connect kind "$REGISTRY"
}

publish_images() {
  docker tag iris-serving:try "$REGISTRY_ADDRESS/iris-serving:try"
  docker tag iris-training:try "$REGISTRY_ADDRESS/iris-training:try"
  publish iris-serving try >"$STATE/serving"
  publish iris-training try >"$STATE/training"
}

publish() { # NAME TAG: push an image and print it with its digest
  local image=$REGISTRY_ADDRESS/$1
  docker push --quiet "$image:$2" >/dev/null
  docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image:$2" \
    | grep "^$image@" | head -n 1
}

derive() { # TAG INSTRUCTION: publish a variant of the first image
  printf 'FROM %s\n%s\n' "$REGISTRY_ADDRESS/iris-serving:try" "$2" \
    | docker build --quiet --tag "$REGISTRY_ADDRESS/iris-serving:$1" - >/dev/null
  publish iris-serving "$1"
}

# --- What an administrator does ----------------------------------------------------------

install_gateway() {
  kubectl apply --server-side --filename \
    "https://github.com/envoyproxy/gateway/releases/download/$GATEWAY_VERSION/install.yaml"
  kubectl --namespace "$GATEWAY_NAMESPACE" wait deployment/envoy-gateway \
    --for=condition=Available --timeout=5m
  kubectl apply --filename deploy/kubernetes/examples/gateway.yaml
  retry find_proxy
}

find_proxy() { # print the service of the gateway's proxies
  kubectl --namespace "$GATEWAY_NAMESPACE" get service --output name \
    --selector gateway.envoyproxy.io/owning-gateway-name=public | grep .
}

set_up() {
  kubectl apply --kustomize deploy/kubernetes/setup/iris
  echo "IRIS_WATCHER_TOKEN=$(openssl rand -hex 32)" \
    | kubectl --namespace iris create secret generic watcher-token --from-env-file=/dev/stdin
  (umask 077; deploy/kubernetes/setup/kubeconfig.sh iris 2h >"$STATE/deployer.yaml")
}

# Check all components on the API server: their fields, and the deployer's permissions.
check_components() {
  kubectl apply --server-side --filename \
    "https://github.com/prometheus-operator/prometheus-operator/releases/download/$OPERATOR_VERSION/stripped-down-crds.yaml"
  deploy/check.sh render
  KUBECONFIG=$STATE/deployer.yaml kubectl apply --dry-run=server \
    --filename build/kubernetes/components.yaml
}

# --- What a release does -----------------------------------------------------------------

roll_out() { # SERVING_IMAGE [SECONDS]: with the deployer's permissions, through the gateway
  local url
  url=$(open_gateway) || return
  KUBECONFIG=$STATE/deployer.yaml python3 deploy/rollout.py --overlay try \
    --serving "$1" --training "$(<"$STATE/training")" --url "$url" --seconds "${2:-600}"
}

open_gateway() { # print an address of this machine that leads to the gateway's proxy
  local proxy
  proxy=$(find_proxy) || return
  if ! [ -e "$STATE/forward.pid" ] || ! kill -0 "$(<"$STATE/forward.pid")" 2>/dev/null; then
    kubectl --namespace "$GATEWAY_NAMESPACE" port-forward "$proxy" :80 \
      >"$STATE/forward" 2>"$STATE/forward.errors" &
    echo $! >"$STATE/forward.pid"
  fi
  retry grep --quiet Forwarding "$STATE/forward" >&2
  sed --quiet '1s#^Forwarding from \(127[0-9.:]*\).*#http://\1#p' "$STATE/forward"
}

expect_image() { # IMAGE: fail unless the service runs it
  local running
  running=$(kubectl --namespace iris get deployment/iris-serving \
    --output 'jsonpath={.spec.template.spec.containers[0].image}')
  [ "$running" = "$1" ] || fail "the service runs $running instead of $1"
}

deploy_first() {
  roll_out "$(<"$STATE/serving")"
  expect_image "$(<"$STATE/serving")"
}

ask_watcher() { # as in the runbook
  kubectl --namespace iris exec deployment/iris-watcher -- kedro watch status
  kubectl --namespace iris exec deployment/iris-watcher -- kedro model list
}

update() {
  derive update 'LABEL try=update' >"$STATE/update"
  roll_out "$(<"$STATE/update")"
  expect_image "$(<"$STATE/update")"
}

roll_back() {
  local broken
  broken=$(derive broken 'ENTRYPOINT ["false"]')
  if roll_out "$broken" 120; then
    fail "a rollout of an image that does not start succeeded"
  fi
  expect_image "$(<"$STATE/update")"
  python3 deploy/smoke_test.py "$(open_gateway)"
}

# --- Network policies --------------------------------------------------------------------

connects() { # HOST PORT: print a program that fails if nothing listens there
  echo "import socket; socket.create_connection(('$1', $2), 5)"
}

reaches() { # HOST PORT: from a pod of another namespace
  kubectl --namespace outside run "ask-$RANDOM" --image "$(<"$STATE/serving")" --rm --attach \
    --quiet --restart Never --command -- python -c "$(connects "$1" "$2")"
}

service_reaches() { # HOST PORT
  kubectl --namespace iris exec deployment/iris-serving --container serving -- \
    python -c "$(connects "$1" "$2")"
}

# Each refusal follows a connection that works, which excludes other causes.
check_policies() {
  local service=iris-serving.iris dns=kube-dns.kube-system
  kubectl create namespace outside
  kubectl label namespace outside iris-client=true
  retry reaches "$service" 80
  if reaches "$service" 9000; then fail "a client can read the metrics"; fi
  kubectl label namespace outside iris-client-
  retry refuses "$service" 80
  # Metrics of the name server: not an address that the service needs.
  reaches "$dns" 9153
  service_reaches 127.0.0.1 8000
  if service_reaches "$dns" 9153; then fail "the service can reach more than it needs"; fi
  if ! reaches "$PUBLIC_NAME_SERVER" 53; then
    echo "Not checked: $PUBLIC_NAME_SERVER cannot be reached from this network"
  elif service_reaches "$PUBLIC_NAME_SERVER" 53; then
    fail "the service can reach name servers of the internet"
  fi
}

refuses() {
  ! reaches "$@"
}

# --- The end -----------------------------------------------------------------------------

diagnose() {
  kubectl get pods --all-namespaces --output wide || true
  kubectl --namespace iris describe pods || true
  kubectl --namespace iris logs --selector app.kubernetes.io/part-of=iris-kedro \
    --all-containers --prefix --tail 100 || true
}

delete() {
  if [ -e "$STATE/forward.pid" ]; then kill "$(<"$STATE/forward.pid")" 2>/dev/null || true; fi
  kind delete cluster --name "$CLUSTER"
  docker rm --force "$REGISTRY"
  if [ -e "$STATE/images.yaml" ]; then cp "$STATE/images.yaml" "$IMAGES"; fi
  rm -rf "$STATE"
}

finish() {
  local status=$?
  if [ "$status" -ne 0 ]; then diagnose; fi
  if [ -z "${KEEP:-}" ]; then delete; fi
  exit "$status"
}

steps=(build_images create_registry create_cluster connect_registry publish_images
  install_gateway set_up check_components deploy_first ask_watcher check_policies update roll_back)
if [ $# -eq 0 ]; then
  trap finish EXIT
  mkdir -p "$STATE"
  cp "$IMAGES" "$STATE/images.yaml"
else
  steps=("$@")
fi
for step in "${steps[@]}"; do
  echo "--- $step"
  "$step"
done
