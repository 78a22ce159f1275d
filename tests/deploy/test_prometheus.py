"""The rules and who is notified of them, checked by promtool and amtool."""

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


def read_sections() -> set[str]:
    """Read the headings of the runbook."""
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    return set(re.findall("^## (.+)$", runbook, re.MULTILINE))


def test_configuration_is_valid(run):
    checked = run("promtool", "check", "config", FOLDER / "prometheus.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("file", sorted((FOLDER / "tests").glob("*.yml")), ids=str)
def test_rules_pass_their_tests(run, file):
    checked = run("promtool", "test", "rules", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("changed", "into"),
    [
        ('{job="iris-serving"} == 0', '{job="iris-serving"} == 1'),
        ("14.4 * 0.001", "144 * 0.001"),
        ("serving_feature_drift:1h > 0.25", "serving_feature_drift:1h > 0.35"),
        ("unless on (job, instance) serving_model_info", ""),
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
        (
            "> 0.05\n          )\n          and on (job, version)\n",
            "> 0.01\n          )\n          and on (job, version)\n",
        ),
        ("> 3 * sqrt(", "> 2 * sqrt("),
        ("serving_feedback:increase1d >= 50", "serving_feedback:increase1d >= 40"),
        ("serving_database_up == 0", "serving_database_up == 1"),
        (
            "min_over_time(serving_database_buffered",
            "max_over_time(serving_database_buffered",
        ),
        ("buffered_rows[5m]) > 10000", "buffered_rows[5m]) > 8000"),
        ('{observer="database"}[15m]', "[15m]"),
        ("or time() - watcher_last_round_timestamp_seconds > 600", ""),
        ("round_timestamp_seconds > 600", "round_timestamp_seconds > 300"),
        ('up{job="iris-watcher"} == 0', 'up{job="iris-watcher"} == 2'),
        ("watcher_breaker_open == 1", "watcher_breaker_open == 0"),
        ("data drift|worse|concept drift", "data drift|concept drift"),
        ("data drift|worse|concept drift", ".+"),
    ],
)
def test_rule_tests_notice_a_changed_rule(run, tmp_path, changed, into):
    copy = tmp_path / "prometheus"
    shutil.copytree(FOLDER, copy)
    rules = copy / "rules" / "alerts.yml"
    text = rules.read_text()
    assert changed in text
    rules.write_text(text.replace(changed, into))

    checked = run("promtool", "test", "rules", copy / "tests" / "alerts_test.yml")

    assert checked.returncode == 1, checked.stdout + checked.stderr


def test_alertmanager_configuration_is_valid(run):
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

    checked = run("amtool", "check-config", file)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["severity=critical"], "pages"),
        (["severity=warning"], "tickets"),
        (["severity=none"], "tickets"),
        (["severity=warning", "trigger=training"], "watcher,tickets"),
        (["severity=critical", "trigger=training"], "watcher,pages"),
    ],
)
def test_alerts_reach_their_receivers(run, labels, receivers):
    file = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"

    routed = run("amtool", "config", "routes", "test", f"--config.file={file}", *labels)

    assert routed.stdout.strip() == receivers


def test_alerts_that_retraining_may_fix_go_to_the_watcher():
    rules = read_rules(ALERTS)

    heard = {rule["alert"] for rule in rules if "trigger" in rule["labels"]}

    assert heard == {
        "ServingFeatureDrift",
        "ServingPredictionMixShift",
        "ServingAccuracyLow",
    }


@pytest.mark.parametrize("rule", read_rules(ALERTS), ids=lambda rule: rule["alert"])
def test_alert_says_what_is_wrong_and_what_to_do(rule):
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    sections = {
        f"docs/runbook.md#{s.lower()}" for s in re.findall("^## (.+)$", runbook, re.M)
    }

    assert set(rule["annotations"]) == WANTED
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["runbook_url"] in sections


def test_runbook_has_no_section_of_an_alert_that_is_gone():
    assert read_sections() == {rule["alert"] for rule in read_rules(ALERTS)}


def test_every_alert_is_raised_by_a_rule_test():
    tests = (FOLDER / "tests" / "alerts_test.yml").read_text()

    raised = set(re.findall(r"labels: 'ALERTS\{alertname=\"(\w+)\"", tests))

    assert raised == {rule["alert"] for rule in read_rules(ALERTS)}
