"""PostgreSQL and an S3 store."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import psycopg2

from tests.deploy.running.stack import Stack
from tests.fixtures.postgres import initialize
from tests.fixtures.processes import wait_until

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "compose"


def start_postgres(stack: Stack, programs: dict[str, str]) -> None:
    settings = stack.environ("postgres")
    home = stack.folder / "postgres"
    home.mkdir()
    password = home / "password"
    password.write_text(settings["POSTGRES_PASSWORD"])
    user = f"--username={settings['POSTGRES_USER']}"
    arguments = [user, f"--pwfile={password}", "--auth=scram-sha-256"]
    options = initialize(home, programs["initdb"], *arguments)
    port = stack.port("postgres:5432")
    command = [programs["postgres"], "-D", "data", "-p", port, "-k", str(home), "-F"]
    server = stack.start("postgres", command, **options)

    def answers() -> bool:
        assert server.poll() is None, (stack.folder / "postgres.log").read_text()
        try:
            connection = psycopg2.connect(
                host="127.0.0.1",
                port=port,
                user=settings["POSTGRES_USER"],
                password=settings["POSTGRES_PASSWORD"],
                dbname="postgres",
            )
        except psycopg2.OperationalError:
            return False
        connection.close()
        return True

    wait_until(answers, "PostgreSQL answers")


def create_databases(stack: Stack, programs: dict[str, str]) -> None:
    """Create databases and users as their container does."""
    name = "databases"
    here = {"--file=/databases.sql": f"--file={FOLDER}/postgres/databases.sql"}
    command = [here.get(each, each) for each in stack.command(name)]
    ran = subprocess.run(
        [programs["psql"], *command],
        env=stack.environ(name),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def start_object_store(stack: Stack) -> None:
    command = [str(Path(sys.executable).with_name("moto_server"))]
    port = stack.port("seaweedfs:8333")
    stack.start("seaweedfs", [*command, "-H", "127.0.0.1", "-p", port])
    stack.wait_for("seaweedfs", f"{stack.url('seaweedfs:8333')}/moto-api/")


def create_bucket(stack: Stack) -> None:
    """Create the bucket as its container does."""
    command = [sys.executable, str(FOLDER / "seaweedfs/bucket.py")]
    subprocess.run(command, env=stack.environ("bucket"), check=True)


def connect_object_store(stack: Stack) -> Any:
    """Connect to the object store with MLflow's own credentials."""
    settings = stack.environ("mlflow")
    return boto3.client(
        "s3",
        endpoint_url=settings["MLFLOW_S3_ENDPOINT_URL"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        region_name=settings["AWS_DEFAULT_REGION"],
    )
