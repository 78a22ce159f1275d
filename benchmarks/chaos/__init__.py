"""Chaos suite: breaks a real service in every way we know, and checks what must hold.

make chaos                  the long form; writes its table to docs/reliability.md
make chaos ARGS=--short     what CI runs, under 2.5 minutes
"""

import os

# Before MLflow is imported: it would report each run to its makers.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
