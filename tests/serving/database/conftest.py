"""Real databases: a SQLite file, and PostgreSQL if the system has it."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Engine

from serving.database.engine import connect
from serving.database.tables import predictions

PACKAGE = "postgresql"


class Postgres:
    """A server in its own folder."""

    def __init__(self, programs: dict[str, str], folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._program = programs["postgres"]
        self._process: subprocess.Popen[bytes] | None = None
        self._options: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            own = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            self._options |= own
        initialize = [programs["initdb"], "--pgdata=data", "--username=iris"]
        initialize += ["--auth=trust", "--no-sync", "--encoding=UTF8"]
        subprocess.run(initialize, check=True, capture_output=True, **self._options)
        self.start()
        self._count = 0

    def start(self) -> None:
        arguments = ["-D", "data", "-p", str(self.port), "-k", str(self._folder), "-F"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *arguments], stdout=log, stderr=log, **self._options
            )
        end = time.monotonic() + 60
        while True:
            try:
                self._execute("SELECT 1")
                return
            except sqlalchemy.exc.OperationalError:
                assert time.monotonic() < end, (self._folder / "log").read_text()
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:  # it waits for its clients
            self._process.send_signal(subprocess.signal.SIGINT)
            self._process.wait(30)

    def create_database(self) -> str:
        """Create an empty database; return its URL."""
        self._count += 1
        self._execute(f"CREATE DATABASE test_{self._count}")
        return self._url(f"test_{self._count}")

    def _execute(self, statement: str) -> None:
        engine = sqlalchemy.create_engine(
            self._url("postgres"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://iris@127.0.0.1:{self.port}/{database}"


# Not for the session: it would run beside the other tests.
@pytest.fixture(scope="module")
def postgres(require: Callable[[str, object, str], None]) -> Iterator[Postgres]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    found = {name: shutil.which(name, path=path) for name in ("postgres", "initdb")}
    for name, program in found.items():
        require(PACKAGE, program, f"needs {name} (Debian: {PACKAGE})")
    folder = Path(tempfile.mkdtemp(prefix="iris-postgres-"))
    server = Postgres({name: str(program) for name, program in found.items()}, folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'predictions.db'}"
    return request.getfixturevalue("postgres").create_database()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'predictions.db'}"


@pytest.fixture
def open_engine() -> Iterator[Callable[[str], Engine]]:
    """Connect, and close the connections at the end."""
    engines: list[Engine] = []

    def open_engine(url: str) -> Engine:
        engines.append(connect(url))
        return engines[-1]

    yield open_engine
    for engine in engines:
        engine.dispose()


@pytest.fixture
def read(open_engine: Callable[[str], Engine]) -> Callable[[str], list[dict]]:
    """Read all predictions in order; none before there are tables."""

    def read(url: str) -> list[dict]:
        order = predictions.c.prediction_id, predictions.c.row_index
        with open_engine(url).connect() as connection:
            if not sqlalchemy.inspect(connection).has_table(predictions.name):
                return []
            rows = connection.execute(sqlalchemy.select(predictions).order_by(*order))
            return [dict(row) for row in rows.mappings()]

    return read
