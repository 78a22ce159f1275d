"""Two followers of one store, as in containers that share a volume."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from serving.model.store import CURRENT

STANDBY = "another follower is active"


@pytest.mark.slow  # MLflow's import takes seconds
def test_one_is_active_and_the_other_takes_over(
    registry, follow, store, iris_bytes, build_iris, eventually
):
    registry.release(iris_bytes)
    first = follow()
    eventually(lambda: store.published(CURRENT), "the version is published")
    second = follow()
    eventually(lambda: second.logged(STANDBY), "the second one stands by")

    first.process.kill()
    first.process.wait()
    registry.release(build_iris(C=0.1))

    eventually(lambda: store.published(CURRENT)[:2] == "2-", "version 2 is published")
    assert second.logged("version published")


@pytest.mark.slow
def test_once_accepts_the_store_of_another_follower(
    registry, follow, store, iris_bytes, eventually
):
    registry.release(iris_bytes)
    follow()
    eventually(lambda: store.published(CURRENT), "the version is published")

    once = follow("--once", MLFLOW_TRACKING_URI="http://127.0.0.1:9")

    assert once.process.wait(30) == 0


SLOW = """
import json, sys, time
from pathlib import Path
from serving.config import Config
from serving.model.onnx_model import Version
from serving.model.store import Store, incoming
from serving.model.store.lock import StoreLock
from serving.registry import follower
from serving.registry.sync import RegistrySync

folder, model, version, machine = sys.argv[1:]

class SlowRegistry:
    def resolve(self, alias):
        return Version(**json.loads(version)) if alias == "Production" else None

    def read_history(self):
        return None

    def download(self, version, folder):
        content = Path(model).read_bytes()
        with (folder / "model.onnx").open("wb", buffering=0) as file:
            file.write(content[:1000])
            print(folder, flush=True)
            sys.stdin.readline()
            file.write(content[1000:])
        return folder / "model.onnx"

if machine:  # another machine has its own locks
    incoming.BOOT_ID = Path(machine)
    incoming.fcntl.flock = lambda *_: None
store = Store(Path(folder))
if follower.stand_by(StoreLock(store.folder), time.sleep):
    sync = RegistrySync(SlowRegistry(), store, Config(store=store.folder))
    follower.run(sync, 0.1, time.sleep)
"""


class SlowFollower:
    """A follower whose download pauses halfway until it is continued."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLOW, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for_half(self) -> str:
        """Return the folder of the current download."""
        return self.process.stdout.readline().strip()

    def go_on(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def follow_slowly(store, tmp_path, iris_bytes, describe):
    """Start slow followers of one store, on this or another machine."""
    started = []
    model = tmp_path / "model.onnx"
    model.write_bytes(iris_bytes)
    version = json.dumps(asdict(describe(iris_bytes, "1")))
    (tmp_path / "another-boot-id").write_text("5d0c4f7e-another-kernel\n")

    def start(*, elsewhere: bool = False) -> SlowFollower:
        machine = str(tmp_path / "another-boot-id") if elsewhere else ""
        folder = str(store.folder)
        started.append(SlowFollower(folder, str(model), version, machine))
        return started[-1]

    yield start
    for follower in started:
        follower.process.kill()
        follower.process.communicate()


def test_a_follower_killed_during_a_download_is_replaced(
    follow_slowly, store, eventually, load_published
):
    killed = follow_slowly()
    killed.wait_for_half()
    successor = follow_slowly()

    killed.process.kill()
    successor.wait_for_half()
    assert len(list(store.folder.glob(".incoming-*"))) == 1  # its own
    successor.go_on()

    eventually(lambda: store.published(CURRENT), "the version is published")
    assert load_published(store).version.version == "1"
    eventually(lambda: not list(store.folder.glob(".incoming-*")), "it is removed")


def test_followers_on_two_machines_do_not_disturb_each_other(
    follow_slowly, store, eventually, load_published
):
    one, another = follow_slowly(), follow_slowly(elsewhere=True)
    downloads = {one.wait_for_half(), another.wait_for_half()}
    assert set(map(str, store.folder.glob(".incoming-*"))) == downloads

    another.go_on()
    eventually(lambda: store.published(CURRENT), "the version is published")
    one.go_on()

    eventually(lambda: not list(store.folder.glob(".incoming-*")), "both have ended")
    assert load_published(store).version.version == "1"
    assert store.read_report().refused == {}
