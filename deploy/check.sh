#!/usr/bin/env bash
# Check everything that is deployed, or the named parts (deploy/check.sh policy).
set -euo pipefail
cd "$(dirname "$0")/.."

KUBERNETES_VERSIONS="1.31 1.33 1.35 1.37"
MANIFESTS=build/kubernetes
RENOVATE=44.121.2
# Checks that must not be skipped. Others are skipped, with a message, if this machine lacks
# what they need.
REQUIRED=,${IRIS_TEST_REQUIRE:-},

require() { # COMMAND PACKAGE
  command -v "$1" >/dev/null || { echo "$1 is missing; install Debian's package $2" >&2; return 1; }
}

skip() { # NAME REASON
  [[ $REQUIRED == *,$1,* ]] || { echo "Not checked: $2"; return 0; }
  echo "$2, and IRIS_TEST_REQUIRE names $1" >&2
  return 1
}

tracked() { # PATTERN...
  git ls-files -z --cached --others --exclude-standard "$@"
}

dockerfiles() {
  tracked Dockerfile '*/Dockerfile' | xargs --null hadolint
}

scripts() {
  tracked .ci '*.sh' | xargs --null shellcheck --external-sources
}

workflows() {
  actionlint
  zizmor --offline --quiet --strict-collection --persona pedantic .
  check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
}

# The schema accepts presets that do not exist and locks that Renovate cannot update. Renovate
# itself finds them; it is downloaded once, which takes a minute.
renovate() {
  check-jsonschema --builtin-schema vendor.renovate renovate.json
  local npx=(npx --yes --package "renovate@$RENOVATE" --) said
  # Scripts of packages would compile RE2, which is optional.
  export npm_config_ignore_scripts=true RENOVATE_X_IGNORE_RE2=true
  if ! "${npx[@]}" renovate --version >/dev/null 2>&1; then
    skip renovate "renovate.json by Renovate itself: npx cannot run renovate@$RENOVATE"
    return
  fi
  "${npx[@]}" renovate-config-validator --strict --no-global renovate.json
  said=$("${npx[@]}" renovate --platform=local --dry-run=extract 2>&1) || { echo "$said"; return 1; }
  # Its exit code is 0 even with these errors.
  ! grep --after-context=3 --extended-regexp "pip-compile error|validationError" <<<"$said"
}

# The baseline contains false positives and the files to exclude (SECURITY.md).
secrets() {
  local files baseline said status=0
  mapfile -d "" -t files < <(tracked)
  # In a copy, because the hook updates line numbers in the baseline: then it exits with 3.
  baseline=$(mktemp)
  cp .secrets.baseline "$baseline"
  said=$(detect-secrets-hook --no-verify --baseline "$baseline" "${files[@]}" 2>&1) || status=$?
  rm "$baseline"
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || { echo "$said"; return 1; }
}

# Known vulnerabilities of dependencies. The locks of images are derived from
# requirements.lock and need no check.
vulnerabilities() {
  local locks lock said accepted ignored
  accepted=$(list_accepted)
  mapfile -t ignored < <(printf %s "$accepted")
  mapfile -d "" -t locks < <(tracked '*.lock' ':!requirements.*.lock')
  for lock in "${locks[@]}"; do
    said=$(pip-audit --disable-pip --no-deps --progress-spinner off --vulnerability-service osv \
      "${ignored[@]/#/--ignore-vuln=}" ${OSV_URL:+--osv-url "$OSV_URL"} \
      --requirement "$lock" 2>&1) && continue
    if grep --quiet --extended-regexp "Could not connect|^requests\.exceptions\." <<<"$said"; then
      skip vulnerabilities "packages with known vulnerabilities: their database cannot be reached"
      return
    fi
    echo "$lock: $said"
    return 1
  done
}

list_accepted() { # List the ids in vulnerabilities.ignore; fail if one has expired
  local file=deploy/vulnerabilities.ignore id until reason
  while read -r id until reason; do
    [[ -z $id || $id == "#"* ]] && continue
    if [[ ! $until =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ || -z $reason ]]; then
      echo "$file: $id needs its last day, such as 2026-12-31, and a reason" >&2
      return 1
    fi
    if [[ $until < $(date +%F) ]]; then
      echo "$file: $id was accepted until $until: update the package, or decide again" >&2
      return 1
    fi
    echo "$id"
  done <"$file"
}

compose() {
  check-jsonschema --builtin-schema vendor.compose-spec deploy/compose/compose.yaml
}

# Render all manifests: each setup and overlay, all components with the production overlay,
# and the examples. Each component must also work alone.
render() {
  rm -rf "$MANIFESTS"
  mkdir -p "$MANIFESTS"
  local folder file
  for folder in deploy/kubernetes/setup/iris* deploy/kubernetes/overlays/*; do
    kubectl kustomize "$folder" >"$MANIFESTS/$(basename "$folder").yaml"
  done
  for folder in deploy/kubernetes/components/*; do
    combine "$folder" >/dev/null
  done
  combine deploy/kubernetes/components/* >"$MANIFESTS/components.yaml"
  for file in deploy/kubernetes/examples/*.yaml; do
    if grep --quiet '^kind:' "$file"; then # skip values of a chart
      cp "$file" "$MANIFESTS"
    fi
  done
}

combine() { # COMPONENT...: print the production overlay with components
  local overlay=$MANIFESTS/overlay component
  mkdir -p "$overlay"
  {
    echo "namespace: iris"
    echo "resources: [../../../deploy/kubernetes/overlays/production]"
    echo "components:"
    for component in "$@"; do
      # The overlay already contains it; twice is an error.
      if [ "$(basename "$component")" != egress ]; then echo "- ../../../$component"; fi
    done
  } >"$overlay/kustomization.yaml"
  kubectl kustomize "$overlay"
  rm -r "$overlay"
}

kubernetes() {
  render
  local version said custom
  python deploy/kubernetes/custom_resources.py "$MANIFESTS"/*.yaml
  custom=$(basename --suffix .yaml --multiple deploy/kubernetes/schemas/* | paste --serial --delimiters '|')
  for version in $KUBERNETES_VERSIONS; do
    said=$(kubernetes-validate --strict --quiet --kubernetes-version "$version" \
      "$MANIFESTS"/*.yaml 2>&1) || { echo "$said"; return 1; }
    # It ignores unknown kinds; only those checked above are expected.
    if grep --extended-regexp --invert-match "api version ($custom)/" <<<"$said" | grep .; then
      return 1
    fi
  done
}

policy() {
  render
  # Rules that do not apply are skipped in the manifests, with reasons.
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
    skip docker "the rules with $image: Docker is not running"
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
  parts=(
    dockerfiles scripts workflows renovate secrets vulnerabilities compose kubernetes policy
    prometheus alertmanager
  )
fi
for part in "${parts[@]}"; do
  echo "--- $part"
  "$part"
done
