"""The table of the alerts, from Prometheus's rules."""

import re
from pathlib import Path

import yaml

RULES = Path(__file__).resolve().parents[1] / "prometheus/rules/alerts.yml"
LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
VALUE = re.compile(r"\{\{ [^}]*\$value[^}]* \}\}")
# Descriptions that begin like this are about what the summary names.
CONTINUATION = re.compile(r"(It|Its|Each|The evidence)\b")


def render() -> str:
    """Return a row for each alert: name, severity, when it fires, for how long."""
    rows = ["| alert | severity | when | after |", "| --- | --- | --- | --- |"]
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            name, severity = rule["alert"], rule["labels"]["severity"]
            link = f"[{name}](../how-to/runbook.md#{name.lower()})"
            text = _fill(_describe(rule["annotations"]))
            rows.append(f"| {link} | {severity} | {text} | {rule.get('for', '')} |")
    return "\n".join(rows)


def _describe(annotations: dict[str, str]) -> str:
    """Return the description, after the summary if it would be unclear alone."""
    summary, description = annotations["summary"], annotations["description"]
    if CONTINUATION.match(description):
        return f"{summary}. {description}"
    return description


def _fill(text: str) -> str:
    """Replace Prometheus's placeholders by names of labels, or by "…" for values."""
    named = LABEL.sub(lambda match: f"*{match[1]}*", VALUE.sub("…", text))
    return " ".join(named.split()).replace("|", "\\|")
