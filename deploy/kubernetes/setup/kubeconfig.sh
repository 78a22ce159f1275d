#!/usr/bin/env bash
# Print a kubeconfig for rollout.py and the cluster of the current context, and its expiry to
# stderr:
#   (umask 077; deploy/kubernetes/setup/kubeconfig.sh NAMESPACE [DURATION] >FILE)
# The file contains a token: keep it out of the project's folder.
set -euo pipefail

namespace=${1:?Pass the namespace, such as iris}
duration=${2:-2160h} # 90 days; many clusters allow less

read_cluster() { # FIELD
  kubectl config view --minify --flatten --raw --output "jsonpath={.clusters[0].cluster.$1}"
}

granted=$(kubectl --namespace "$namespace" create token iris-deployer --duration "$duration" \
  --output 'jsonpath={.status.token} {.status.expirationTimestamp}')
read -r token expires <<<"$granted"
echo "The token expires at $expires" >&2
server=$(read_cluster server)
# Empty if the certificate is publicly trusted.
authority=$(read_cluster certificate-authority-data)
cat <<EOF
apiVersion: v1
kind: Config
current-context: iris
contexts:
  - name: iris
    context: {cluster: iris, user: iris-deployer, namespace: $namespace}
clusters:
  - name: iris
    cluster:
      server: $server
${authority:+      certificate-authority-data: $authority}
users:
  - name: iris-deployer
    user:
      token: $token
EOF
