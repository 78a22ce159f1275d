#!/bin/sh
# Start SeaweedFS with two S3 keys: "setup" creates the bucket mlflow, "mlflow" uses it. The
# keys are in memory only; Compose cannot copy a secret into a read-only container.
set -eu
umask 077

quote() { # Print a JSON string.
  printf '"%s"' "$(printf %s "$1" | sed 's/["\\]/\\&/g')"
}

cat >"${S3_CONFIG:=/tmp/s3.json}" <<JSON
{
  "identities": [
    {
      "name": "setup",
      "credentials": [{"accessKey": "setup", "secretKey": $(quote "$S3_SETUP_SECRET_KEY")}],
      "actions": ["Admin:mlflow"]
    },
    {
      "name": "mlflow",
      "credentials": [{"accessKey": "mlflow", "secretKey": $(quote "$S3_MLFLOW_SECRET_KEY")}],
      "actions": ["Read:mlflow", "Write:mlflow", "List:mlflow", "Tagging:mlflow"]
    }
  ]
}
JSON
exec weed -logtostderr=true "$@" "-s3.config=$S3_CONFIG"
