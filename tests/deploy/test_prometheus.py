"""Rules and notifications, checked by promtool and amtool."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
ALERTS = FOLDER / "rules" / "alerts.yml"
WANTED = {"summary", "description", "runbook_url"}
RUNBOOK = '{{ with query "iris:runbook:info" }}{{ . | first | label "url" }}{{ end }}'

# What is changed in the rules, by the tests that must notice it.
MISTAKES = {
    "service": [
        ('{job="iris-serving"} == 0', '{job="iris-serving"} == 1'),
        ('up{job="iris-serving"}[1d]', 'up{job="iris-serving"}[1m]'),
        ("unless on (namespace, job, instance) instance_version", "unless instance"),
        (
            "instance_version:serving_model_info:max5m\n        for",
            "serving_model_info\n        for",
        ),
        ("> 120", "> 12000"),
        ("serving_model_fallback == 1", "serving_model_fallback == 0"),
        ("serving_store_damaged == 1", "serving_store_damaged == 0"),
        ("background_errors_total[15m]", "background_errors_total[15s]"),
        ("follower_errors_total[15m]", "follower_errors_total[15s]"),
        ("reload_failures_total[1h]", "reload_failures_total[15m]"),
        ("metrics_unshared_values[5m]", "metrics_unshared_values[30s]"),
        ("metrics_damaged_files[5m]) > 0", "metrics_damaged_files[5m]) > 1"),
        ("wait_seconds:p99_rate5m > 0.05", "wait_seconds:p99_rate5m > 0.5"),
        ("overload:ratio_rate5m > 0.01", "overload:ratio_rate5m > 0.1"),
        ("serving_requests:increase5m >= 100", "serving_requests:increase5m >= 99"),
        ("serving_database_up == 0", "serving_database_up == 1"),
        (
            "min_over_time(serving_database_buffered",
            "max_over_time(serving_database_buffered",
        ),
        ("buffered_rows[5m]) > 10000", "buffered_rows[5m]) > 8000"),
        ('{observer="database"}[15m]', "[15m]"),
    ],
    "objectives": [
        ("serving_request_errors:burnrate1h > 14.4", "burnrate1h > 144"),
        ("serving_request_errors:increase1h >= 10", "increase1h >= 0"),
        ("serving_error_budget:left30d <= 0", "serving_error_budget:left30d < 1"),
        ("missed_requests:increase30d >= 10", "missed_requests:increase30d >= 0"),
    ],
    "model": [
        ("serving_feature_drift:1h > 0.25", "serving_feature_drift:1h > 0.35"),
        (
            "> 0.05\n          )\n          and\n",
            "> 0.01\n          )\n          and\n",
        ),
        ("> 3 * sqrt(", "> 2 * sqrt("),
        ("serving_feedback:increase1d >= 50", "serving_feedback:increase1d >= 40"),
        ("data drift|worse|concept drift", "data drift|concept drift"),
        ("data drift|worse|concept drift", ".+"),
    ],
    "training": [
        ("or time() - watcher_last_round_timestamp_seconds > 600", ""),
        ("round_timestamp_seconds > 600", "round_timestamp_seconds > 300"),
        ('up{job="iris-watcher"} == 0', 'up{job="iris-watcher"} == 2'),
        ("watcher_breaker_open == 1", "watcher_breaker_open == 0"),
        ('unless on (namespace) up{job="iris-watcher"}', ""),
        (
            "max by (namespace, service, job) (increase(watcher_runs",
            "(increase(watcher_runs",
        ),
        ('{outcome="failed"}', ""),
        ("watcher_refused_in_a_row) >= 3", "watcher_refused_in_a_row) >= 2"),
        ("> 90 * 86400", "> 89 * 86400"),
        ("expr: vector(1)", "expr: vector(1) == 0"),
    ],
    "long": [
        ("> 2 * 86400", "> 1 * 86400"),
        ("unless on (namespace) serving_canary_share > 0", ""),
        ("serving_canary_share > 0", "serving_canary_share"),
    ],
}


@pytest.fixture
def run(require):
    """Run a tool of Prometheus or Alertmanager on a file of the project."""

    def run(tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        require(tool, shutil.which(tool), f"{tool} is not installed")
        command = [tool, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def read_rules(file: Path) -> list[dict]:
    groups = yaml.safe_load(file.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def keep_tests_of(alerts: set[str], file: Path) -> set[str]:
    """Leave out the tests of other alerts: they take most of the time.

    Return all alerts that the tests left are about: a test can be about several.
    """
    head, *cases = re.split(r"(?m)^(?=  - name: )", file.read_text())
    kept = "".join(case for case in cases if any(alert in case for alert in alerts))
    file.write_text(head + kept)
    return {each["alert"] for each in read_rules(ALERTS)} & set(
        re.findall(r"\w+", kept)
    )


def keep_rules_of(alerts: set[str], folder: Path) -> None:
    """Leave out what these alerts do not need, for the same reason."""
    files = {file: yaml.safe_load(file.read_text()) for file in folder.glob("*.yml")}
    groups = [group for file in files.values() for group in file["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    needed, before = set(alerts), set()
    while needed != before:
        before = set(needed)
        kept = [rule for rule in rules if find_name(rule) in needed]
        needed |= {
            name for rule in kept for name in re.findall(r"[\w:]+", str(rule["expr"]))
        }
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if rule in kept]
    for file, content in files.items():
        file.write_text(yaml.safe_dump(content))


def find_name(rule: dict) -> str:
    return rule.get("alert") or rule["record"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changed", "into"),
    [(name, *each) for name, mistakes in MISTAKES.items() for each in mistakes],
)
def test_rule_tests_notice_a_changed_rule(run, tmp_path, name, changed, into):
    copy = tmp_path / "prometheus"
    shutil.copytree(FOLDER, copy)
    rules = copy / "rules" / "alerts.yml"
    text = rules.read_text()
    assert changed in text
    rules.write_text(text.replace(changed, into))
    before, after = read_rules(ALERTS), read_rules(rules)
    differing = {
        find_name(new) for old, new in zip(before, after, strict=True) if old != new
    }
    tests = copy / "tests" / f"alerts_{name}_test.yml"
    tested = keep_tests_of(differing, tests)
    unchanged = tmp_path / "unchanged"
    shutil.copytree(copy, unchanged)
    shutil.copy(ALERTS, unchanged / "rules")
    for folder in (copy, unchanged):
        keep_rules_of(tested, folder / "rules")

    passed = run("promtool", "test", "rules", unchanged / "tests" / tests.name)
    checked = run("promtool", "test", "rules", tests)

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert re.search(r"\bgot:", checked.stdout + checked.stderr)


@pytest.mark.parametrize("code", [0, 1])
def test_rules_are_tested_with_the_image_of_the_stack(tmp_path, compose, code):
    """With a docker that only notes how it is called, and then fails or not."""
    record = tmp_path / "record"
    programs = {
        "docker": f'[ "$1" = info ] || {{ echo "$@" >>{record}; exit {code}; }}',
        "promtool": "exit 0",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    checked = subprocess.run(
        [ROOT / "deploy" / "check.sh", "prometheus"],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == code, checked.stdout + checked.stderr
    calls = record.read_text().splitlines()
    image = compose["services"]["prometheus"]["image"]
    assert all(f"--entrypoint promtool {image} " in call for call in calls)
    if code == 0:
        tested = calls[-1].partition(" test rules ")[2].split()
        files = {f"tests/{file.name}" for file in (FOLDER / "tests").glob("*.yml")}
        assert set(tested) == files


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["severity=critical"], "pages"),
        (["severity=warning"], "tickets"),
        (["severity=none"], "tickets"),
        (["severity=none", "alertname=Watchdog"], "heartbeat"),
        (["severity=warning", "trigger=training"], "watcher,tickets"),
        (["severity=critical", "trigger=training"], "watcher,pages"),
    ],
)
def test_alerts_reach_their_receivers(run, labels, receivers):
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

    routed = run("amtool", "config", "routes", "test", f"--config.file={file}", *labels)

    assert routed.stdout.strip() == receivers


@pytest.mark.parametrize("rule", read_rules(ALERTS), ids=lambda rule: rule["alert"])
def test_alert_has_a_description_and_a_runbook(rule):
    assert set(rule["annotations"]) == WANTED
    severities = {"none"} if rule["alert"] == "Watchdog" else {"critical", "warning"}
    assert rule["labels"]["severity"] in severities
    base, _, section = rule["annotations"]["runbook_url"].partition("#")
    assert base == RUNBOOK
    assert section == rule["alert"].lower()


@pytest.mark.parametrize(
    "url", ["docs/how-to/runbook.md", "https://example.com/my?page=1"]
)
def test_the_address_of_the_runbook_is_a_single_setting(run, tmp_path, url):
    """Prometheus itself puts it in front of the section of an alert."""
    copy = tmp_path / "prometheus"
    shutil.copytree(FOLDER, copy)
    setting = copy / "rules" / "runbook.yml"
    [rule] = read_rules(setting)
    setting.write_text(setting.read_text().replace(rule["labels"]["url"], url))
    expected = {
        "summary": "Alerting works",
        "description": next(
            each["annotations"]["description"]
            for each in read_rules(ALERTS)
            if each["alert"] == "Watchdog"
        ),
        "runbook_url": f"{url}#watchdog",
    }
    watchdog = {"exp_labels": {"severity": "none"}, "exp_annotations": expected}
    case = {"eval_time": "2m", "alertname": "Watchdog", "exp_alerts": [watchdog]}
    test = {
        "rule_files": ["../rules/runbook.yml", "../rules/alerts.yml"],
        "tests": [{"interval": "1m", "input_series": [], "alert_rule_test": [case]}],
    }
    others = [each.read_text() for each in (copy / "tests").glob("*.yml")]
    assert not [text for text in others if "/runbook.yml" in text or "docs/" in text]
    file = copy / "tests" / "runbook_test.yml"
    file.write_text(yaml.safe_dump(test))

    checked = run("promtool", "test", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_objective_is_one_number():
    text = (FOLDER / "rules" / "recording.yml").read_text()

    for series in ("request_errors", "slow_requests"):
        budgets = re.findall(
            rf"job:serving_{series}:increase\w+ / \S+ / (\S+)$", text, re.MULTILINE
        )
        assert len(budgets) == 7
        assert len(set(budgets)) == 1
        assert re.search(
            rf"{series}:increase1h\[30d:1h\]\)\n.*\n +/ {budgets[0]}\n", text
        )


def test_the_stack_keeps_metrics_longer_than_the_rules_need(compose):
    text = "".join(file.read_text() for file in (FOLDER / "rules").glob("*.yml"))
    longest = max(map(int, re.findall(r"\[(\d+)d[:\]]", text)))
    command = " ".join(compose["services"]["prometheus"]["command"])

    kept = re.search(r"--storage\.tsdb\.retention\.time=(\d+)d", command)

    assert int(kept[1]) > longest


def test_every_alert_is_raised_by_a_rule_test():
    tests = "".join(
        file.read_text() for file in (FOLDER / "tests").glob("alerts_*.yml")
    )

    raised = set(re.findall(r"labels: 'ALERTS\{alertname=\"(\w+)\"", tests))

    assert raised == {rule["alert"] for rule in read_rules(ALERTS)}
