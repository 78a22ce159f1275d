"""The table of the alerts, from Prometheus's rules."""

import re
from pathlib import Path

import yaml

RULES = Path(__file__).resolve().parents[1] / "prometheus/rules/alerts.yml"
LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
VALUE = re.compile(r"\{\{ .*?\$value.*? \}\}")


def render() -> str:
    """Return a row for each alert: name, severity, when it fires, for how long."""
    rows = ["| alert | severity | when | after |", "| --- | --- | --- | --- |"]
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            name, severity = rule["alert"], rule["labels"]["severity"]
            link = f"[{name}](../how-to/runbook.md#{name.lower()})"
            text = _fill(rule["annotations"]["description"])
            rows.append(f"| {link} | {severity} | {text} | {rule.get('for', '')} |")
    return "\n".join(rows)


def _fill(text: str) -> str:
    """Replace Prometheus's placeholders by names of labels, or by "…" for values."""
    named = LABEL.sub(lambda match: f"*{match[1]}*", VALUE.sub("…", text))
    return " ".join(named.split()).replace("|", "\\|")
