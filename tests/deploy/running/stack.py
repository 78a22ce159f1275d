"""Services of the compose file as processes of this machine."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from sqlalchemy.engine import make_url

from tests.fixtures.processes import wait_until

# Awkward on purpose: neither an address nor a shell may take them apart.
SECRETS = {
    "POSTGRES_PASSWORD": "p@ss:/w%rd",
    "MLFLOW_DATABASE_PASSWORD": "m#l%f/l@o:w?",
    "SERVING_DATABASE_PASSWORD": "p'r$1d\"c\\t",
    "TRAINING_DATABASE_PASSWORD": "$tr'ain ing",
    "S3_SETUP_SECRET_KEY": "setup/+=",
    "S3_MLFLOW_SECRET_KEY": "s3cret/+=",
    "MLFLOW_ADMIN_PASSWORD": "adm:n @ 12 letters",
    "MLFLOW_TRAINING_PASSWORD": "tr%in:ng, 12 letters",
    "MLFLOW_SERVING_PASSWORD": "s&rving/+= 12 letters",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret",
    "GRAFANA_PASSWORD": "unused",
    "IRIS_WATCHER_TOKEN": "t0ken/+=",
}


@dataclass
class Stack:
    """Runs services of the compose file, with addresses of this machine."""

    compose: dict[str, Any]
    folder: Path
    addresses: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def url(self, service: str) -> str:
        """Return the address of a service."""
        return f"http://{self.addresses[service]}"

    def port(self, service: str) -> str:
        return self.addresses[service].rpartition(":")[2]

    def command(self, service: str) -> list[str]:
        """Return a service's command, as the compose file has it."""
        return [self.localize(each) for each in self.compose[service]["command"]]

    def environ(self, service: str, **changes: object) -> dict[str, str]:
        """Return a service's environment, as the compose file has it."""
        settings = self.compose[service]["environment"]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "AWS_", "IRIS_", "PG", "PROMETHEUS_"))
        }
        own = {name: self.localize(value) for name, value in settings.items()}
        return inherited | own | {name: str(each) for name, each in changes.items()}

    def localize(self, text: str) -> str:
        """Fill in secrets and defaults, and addresses of this machine."""
        text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], text)
        text = re.sub(r"\$\{\w+:-([^}]*)\}", lambda found: found[1], text)
        for place, address in self.addresses.items():
            text = text.replace(place, address)
        return text

    def start(
        self, name: str, command: list[str], **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a process; its output goes to a file."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        self.processes.append(process)
        return process

    def wait_for(self, name: str, url: str) -> None:
        """Wait until a process answers."""
        process, log = self.processes[-1], self.folder / f"{name}.log"

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return requests.get(url, timeout=5).ok
            except (requests.ConnectionError, requests.Timeout):
                return False

        wait_until(answers, f"{log} says why {name} does not start", seconds=300)

    def stop(self) -> None:
        """Stop the processes, last first."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kedro(self, project: Path, *arguments: str, **changes: str) -> str:
        """Run a kedro command, as in the trainer's container."""
        ran = subprocess.run(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=project,
            env=self.environ("trainer", HOME=self.folder, COLUMNS=200, **changes),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def predict(self, body: Any, route: str = "/predict") -> requests.Response:
        return requests.post(self.url("serving:8000") + route, json=body, timeout=60)

    def ask(self, path: str, **parameters: object) -> Any:
        """Query the API of Prometheus."""
        url = f"{self.url('prometheus:9090')}/api/v1/{path}"
        answer = requests.get(url, params=parameters, timeout=60)
        assert answer.ok, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def value(self, expression: str) -> float | None:
        """Return the sum of what an expression gives now, None without any."""
        found = self.ask("query", query=expression)["result"]
        return sum(float(each["value"][1]) for each in found) if found else None


def find_database(stack: Stack, service: str = "serving") -> str:
    """Return the database of predictions, with a service's user and password."""
    settings = stack.environ(service)
    url = make_url(settings["IRIS_DATABASE_URL"]).set(password=settings["PGPASSWORD"])
    return url.render_as_string(hide_password=False)
