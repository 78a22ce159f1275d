"""MLflow, Alertmanager, Prometheus and the service."""

import subprocess
import sys
from pathlib import Path

import yaml

from tests.deploy.running.stack import SECRETS, Stack

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "compose"
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
# What Prometheus does in the tests in seconds; a budget of 30 days in five minutes.
FASTER = {
    "interval: 30s": "interval: 1s",
    "interval: 2m": "interval: 1s",
    "[30d:1h]": "[5m:1s]",
}


def configure_login(stack: Stack) -> dict[str, Path]:
    """Write the configuration of MLflow's users; return the variable that names it."""
    file = stack.folder / "basic_auth.ini"
    text = (FOLDER / "mlflow/basic_auth.ini").read_text()
    file.write_text(stack.localize(text))
    return {"MLFLOW_AUTH_CONFIG_PATH": file}


def set_up_mlflow(stack: Stack, **changes: str) -> None:
    """Upgrade MLflow's tables and set its users as their container does."""
    environ = stack.environ("mlflow-setup", **configure_login(stack), **changes)
    command = [sys.executable, str(FOLDER / "mlflow/setup.py")]
    ran = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def start_mlflow(stack: Stack) -> None:
    set_up_mlflow(stack)
    port = stack.port("mlflow:5000")
    replaced = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=5000": f"--port={port}"}
    program, *arguments = stack.command("mlflow")
    command = [
        str(Path(sys.executable).with_name(program)),
        *(replaced.get(each, each) for each in arguments),
    ]
    environ = stack.environ("mlflow", HOME=stack.folder, **configure_login(stack))
    stack.start("mlflow", command, cwd=stack.folder, env=environ)
    stack.wait_for("mlflow", f"{stack.url('mlflow:5000')}/health")


def start_alertmanager(stack: Stack, programs: dict[str, str]) -> None:
    configuration = (ALERTMANAGER / "alertmanager.yml").read_text()
    secrets = {
        "slack_webhook_url": "http://127.0.0.1:9/",
        "watcher_token": SECRETS["IRIS_WATCHER_TOKEN"],
    }
    for name, secret in secrets.items():
        (stack.folder / name).write_text(secret)
    configuration = stack.localize(configuration).replace(
        "/run/secrets", str(stack.folder)
    )
    file = stack.folder / "alertmanager.yml"
    file.write_text(configuration.replace("group_wait: 30s", "group_wait: 1s"))
    command = [
        programs["prometheus-alertmanager"],
        f"--config.file={file}",
        f"--storage.path={stack.folder}/alertmanager",
        f"--web.listen-address={stack.addresses['alertmanager:9093']}",
        "--cluster.listen-address=",
    ]
    stack.start("alertmanager", command)
    stack.wait_for("alertmanager", f"{stack.url('alertmanager:9093')}/-/ready")


def start_prometheus(stack: Stack, programs: dict[str, str]) -> None:
    """Start Prometheus with the project's files, only faster."""
    settings = yaml.safe_load(
        stack.localize((PROMETHEUS / "prometheus.yml").read_text())
    )
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    folder = stack.folder / "prometheus"
    (folder / "rules").mkdir(parents=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    for file in (PROMETHEUS / "rules").glob("*.yml"):
        text = file.read_text()
        for slow, fast in FASTER.items():
            text = text.replace(slow, fast)
        rules = yaml.safe_load(text)
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            if rule.get("alert") == "ServingAccuracyLow":
                rule["for"] = "2s"
        (folder / "rules" / file.name).write_text(yaml.safe_dump(rules))
    command = [
        programs["prometheus"],
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={stack.addresses['prometheus:9090']}",
    ]
    stack.start("prometheus", command)
    stack.wait_for("prometheus", f"{stack.url('prometheus:9090')}/-/ready")


def start_service(stack: Stack) -> None:
    environ = stack.environ(
        "serving",
        IRIS_BIND=stack.addresses["serving:8000"],
        IRIS_STORE=stack.folder / "models",
        IRIS_FOLLOW_SECONDS=2,
        PYTHONPATH=ROOT,
    )
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:serving.server.gunicorn_conf",
    ]
    stack.start("serving", command, cwd=stack.folder, env=environ)
    stack.wait_for("serving", f"{stack.url('serving:8000')}/health/live")
