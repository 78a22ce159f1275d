"""Fixtures of the watcher's tests: databases, and a stand-in for ``kedro run``."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import sqlalchemy

from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.lease import Lease
from iris_kedro.watcher.records.store import Store


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'predictions.db'}"


@pytest.fixture
def engine(url, tmp_path):
    engine = connect(url, tmp_path)
    upgrade(engine)
    return engine


@pytest.fixture
def store(engine):
    return Store(engine, "iris")


@pytest.fixture
def lease(engine):
    lease = Lease(engine, "iris", 60)
    lease.take()
    return lease


@pytest.fixture(scope="session")
def wait_for():
    def wait_for(holds, what, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not in {seconds} s: {what}"
            time.sleep(0.05)

    return wait_for


@pytest.fixture(scope="session")
def postgres(require, tmp_path_factory, wait_for):
    """Return the URL of a PostgreSQL of our own."""
    folders = [*glob.glob("/usr/lib/postgresql/*/bin"), *os.get_exec_path()]
    path = os.pathsep.join(folders)
    initdb, server = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    require("postgresql", initdb and server, "needs PostgreSQL (Debian: postgresql)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    home = Path("/tmp") / f"watcher-{os.getpid()}"  # noqa: S108  (short, and theirs)
    home.mkdir(mode=0o700)
    options = {"cwd": home}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(home, user.pw_uid, user.pw_gid)
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(
        [initdb, "-D", "data", "-U", "watcher", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        **options,
    )
    process = subprocess.Popen(
        [server, "-D", "data", "-p", port, "-h", "127.0.0.1", "-k", str(home), "-F"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    url = f"postgresql+psycopg://watcher@127.0.0.1:{port}/postgres"

    def answers():
        try:
            connect(url, home).connect().close()
        except sqlalchemy.exc.OperationalError:
            return False
        return True

    wait_for(answers, "PostgreSQL answers")
    yield url
    process.send_signal(signal.SIGINT)  # SIGTERM waits for pooled connections
    process.wait(30)
    shutil.rmtree(home)
