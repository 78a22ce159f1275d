#!/usr/bin/env bash
# Check everything that is deployed, or the named parts (deploy/check.sh policy).
set -euo pipefail
cd "$(dirname "$0")/.."

KUBERNETES_VERSIONS="1.31 1.33 1.35 1.37"
MANIFESTS=build/kubernetes

require() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || { echo "$1 is missing; install Debian's package $2" >&2; return 1; }
}

dockerfiles() {
  git ls-files -z --cached --others --exclude-standard Dockerfile '*/Dockerfile' \
    | xargs --null hadolint
}

scripts() {
  git ls-files -z --cached --others --exclude-standard .ci '*.sh' \
    | xargs --null shellcheck --external-sources
}

workflows() {
  actionlint
  zizmor --offline --quiet --strict-collection --persona pedantic .
  check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
  check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
}

compose() {
  check-jsonschema --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
}

render() {
  mkdir -p "$MANIFESTS"
  local overlay
  for overlay in local production; do
    kubectl kustomize "deploy/kubernetes/overlays/$overlay" >"$MANIFESTS/$overlay.yaml"
  done
}

kubernetes() {
  render
  local version said
  for version in $KUBERNETES_VERSIONS; do
    said=$(kubernetes-validate --strict --quiet --kubernetes-version "$version" \
      "$MANIFESTS"/*.yaml 2>&1) || { echo "$said"; return 1; }
    # It passes unknown kinds; only those of the Prometheus operator are expected.
    if grep -v 'api version monitoring.coreos.com/v1 ' <<<"$said" | grep .; then
      return 1
    fi
  done
}

policy() {
  render
  # Rules that do not apply are skipped in the manifest, with the reason.
  checkov --directory "$MANIFESTS" --framework kubernetes --skip-download --compact --quiet
}

prometheus() {
  require promtool prometheus
  promtool check config deploy/prometheus/prometheus.yml
  grep --recursive --files-with-matches --null '^tests:' deploy/prometheus \
    | xargs --null promtool test rules
  prometheus_of_the_stack
}

# Debian's promtool is older than the stack's.
prometheus_of_the_stack() {
  local image
  image=$(sed -n 's|^ *image: \(prom/prometheus:.*\)|\1|p' deploy/compose/compose.yaml)
  if ! docker info >/dev/null 2>&1; then
    echo "Without Docker, the rules are not tested with $image"
    return
  fi
  (
    cd deploy/prometheus
    docker run --rm --volume "$PWD:/prometheus-files:ro" --workdir /prometheus-files \
      --entrypoint promtool "$image" check config prometheus.yml
    docker run --rm --volume "$PWD:/prometheus-files:ro" --workdir /prometheus-files \
      --entrypoint promtool "$image" test rules tests/*.yml
  )
}

alertmanager() {
  require amtool prometheus-alertmanager
  amtool check-config deploy/alertmanager/alertmanager.yml
}

parts=("$@")
if [ $# -eq 0 ]; then
  parts=(dockerfiles scripts workflows compose kubernetes policy prometheus alertmanager)
fi
for part in "${parts[@]}"; do
  echo "--- $part"
  "$part"
done
