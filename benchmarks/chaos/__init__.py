"""Chaos suite: breaks a real service in many ways, and checks what must hold.

make chaos                  the long form; writes to docs/explanation/reliability.md
make chaos ARGS=--short     the short form for CI, under 2.5 minutes
"""

import os

# Before MLflow is imported, which would send telemetry.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
