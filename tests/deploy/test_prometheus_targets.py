"""A real Prometheus with the project's configuration, and nothing to scrape."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"


@pytest.fixture
def ask(require, tmp_path, find_port, eventually):
    """Start Prometheus; return a function that asks its API."""
    program = shutil.which("prometheus")
    require("prometheus", program, "prometheus is not installed")
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    # The names exist in the stack's network only: here, nobody listens at any of them.
    for job in settings["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{find_port()}"]}]
    shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    recording = tmp_path / "rules" / "recording.yml"
    recording.write_text(
        re.sub(r"interval: \w+", "interval: 1s", recording.read_text())
    )
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(settings))
    address = f"127.0.0.1:{find_port()}"
    command = [
        program,
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address={address}",
    ]

    def ask(path: str, **parameters: str) -> Any:
        url = f"http://{address}/api/v1/{path}"
        return requests.get(url, params=parameters, timeout=60).json()["data"]

    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:

        def answers() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                return requests.get(f"http://{address}/-/ready", timeout=5).ok
            except requests.ConnectionError:
                return False

        eventually(answers, "Prometheus answers")
        yield ask
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.slow
def test_a_stopped_target_is_down_not_absent(ask, eventually):
    """A target that DNS finds would vanish, and with it the alert that names it."""

    def list_alerts() -> dict[str, dict[str, Any]]:
        return {each["labels"]["alertname"]: each for each in ask("alerts")["alerts"]}

    def are_down() -> bool:
        return {"ServingDown", "WatcherSilent"} <= set(list_alerts())

    # Before the first scrape, both are absent.
    def are_absent() -> bool:
        return bool({"ServingAbsent", "WatcherAbsent"} & set(list_alerts()))

    eventually(lambda: are_down() and not are_absent(), "service and watcher are down")

    url = list_alerts()["Watchdog"]["annotations"]["runbook_url"]
    [setting] = yaml.safe_load((FOLDER / "rules" / "runbook.yml").read_text())["groups"]
    assert url == f"{setting['rules'][0]['labels']['url']}#watchdog"
