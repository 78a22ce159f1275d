"""Write the PrometheusRule from the rule files of deploy/prometheus.

Run as ``python deploy/kubernetes/prometheus_rule.py``, for example after setting the
address of the runbook in runbook.yml. kustomize does not read files outside its folder,
so the rules are copied, and a test compares the copy.
"""

from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parents[1]
TARGET = DEPLOY / "kubernetes" / "components" / "monitoring" / "prometheus-rule.yaml"
HEADER = "# Written by deploy/kubernetes/prometheus_rule.py from deploy/prometheus.\n"


def render(folder: Path) -> str:
    """Return the manifest with the rules of all rule files in a folder."""
    groups = [
        group
        for file in sorted(folder.rglob("*.yml"))
        for group in _load(file).get("groups", [])
    ]
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "iris-serving"},
        "spec": {"groups": groups},
    }
    return HEADER + yaml.safe_dump(manifest, sort_keys=False, width=88)


def _load(file: Path) -> dict[str, list[object]]:
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


if __name__ == "__main__":
    TARGET.write_text(render(DEPLOY / "prometheus"), encoding="utf-8")
