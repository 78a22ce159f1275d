"""Rules and dashboards mean the same on Prometheus 2 (Debian) and 3 (the stack).

What has changed is listed in Prometheus' migration guide. What can be read differently
is tested or searched for here: the tests of the rules run on Debian's version. Flags
and settings that were removed stop the stack that CI starts.
"""

import json
import re
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
# Labels whose values never contain a newline: status codes, routes, Kubernetes' names.
ONE_LINE = {"status", "route", "namespace"}


def read_rules() -> list[str]:
    """Return the expressions of all rules."""
    return [
        rule["expr"]
        for file in (PROMETHEUS / "rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
    ]


def read_dashboards() -> list[str]:
    return [
        target["expr"]
        for file in (DEPLOY / "grafana" / "dashboards").glob("*.json")
        for panel in json.loads(file.read_text())["panels"]
        for target in panel.get("targets", [])
    ]


ALL = "\n".join([*read_rules(), *read_dashboards()])


def test_buckets_are_named_as_prometheus_3_stores_them():
    """``le="1"`` is stored as ``le="1.0"``."""
    matcher = re.compile(r'\b(?:le|quantile)\s*(?:=~|!~|!?=)\s*"([^"]*)"')

    bounds = set(matcher.findall(ALL))

    assert bounds
    assert bounds <= {repr(float(bound)) for bound in bounds} | {"+Inf"}


def test_a_dot_only_matches_labels_without_newlines():
    for label, pattern in re.findall(r'(\w+)\s*(?:=~|!~)\s*"([^"]*)"', ALL):
        assert label in ONE_LINE or "." not in pattern.replace("\\.", ""), (
            f"{label}: write [^\\n] for . in {pattern}"
        )


def test_matchers_of_alertmanager_are_quoted():
    """Unquoted values are read differently by Alertmanager 0.27 and later."""
    settings = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
    matchers = [
        matcher
        for each in (*settings["route"]["routes"], *settings["inhibit_rules"])
        for key in ("matchers", "source_matchers", "target_matchers")
        for matcher in each.get(key, [])
    ]

    assert matchers
    for matcher in matchers:
        assert re.fullmatch(r'\w+ (=|!=|=~|!~) "[^"]*"', matcher)
