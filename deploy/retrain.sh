#!/usr/bin/env bash
# Run the pipelines of the environment KEDRO_ENV with the MLflow server at MLFLOW_TRACKING_URI,
# on the data in SOURCE or else IRIS_SOURCE, with the packages of the image iris-training.
set -euo pipefail
cd "$(dirname "$0")/.."

arguments=(run --env "${KEDRO_ENV:-production}")
if [ -n "${SOURCE:-}" ]; then
  # A comma or equals sign would start another parameter.
  if [[ $SOURCE == *[,=[:space:]]* ]]; then
    echo "SOURCE is not a plain path or URL: $SOURCE" >&2
    exit 2
  fi
  arguments+=(--params "data_engineering.source=$SOURCE")
fi
scripts/install.sh .venv-training requirements.training.lock
.venv-training/bin/kedro "${arguments[@]}"
