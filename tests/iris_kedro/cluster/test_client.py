import shutil
from pathlib import Path

import pytest

from iris_kedro.cluster import client as module
from iris_kedro.cluster.client import connect
from iris_kedro.cluster.versions import describe_versions, list_differences
from iris_kedro.errors import ProjectError
from tests.iris_kedro.cluster.conftest import PACKAGES, start_cluster

SOURCE = Path(module.__file__).parents[2]


def test_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)

    with (
        pytest.raises(ProjectError, match=r"no Dask scheduler answers at 'tcp://127"),
        connect("tcp://127.0.0.1:9"),
    ):
        pytest.fail("there is no scheduler")


def test_invalid_address_is_named():
    with (
        pytest.raises(ProjectError, match=r"at 'nonsense://here'.*DASK_SCHEDULER"),
        connect("nonsense://here"),
    ):
        pytest.fail("there is no scheduler")


@pytest.mark.slow
def test_waiting_for_workers_is_logged(empty_cluster, caplog):
    with (
        pytest.raises(ProjectError, match=r"has no workers after 1 s.*dask worker tcp"),
        connect(empty_cluster.address, wait_seconds=1),
    ):
        pytest.fail("there are no workers")

    assert "has no workers: waiting up to 1 s" in caplog.text


@pytest.mark.slow
def test_worker_with_other_code_is_refused(empty_cluster, tmp_path):
    shutil.copytree(SOURCE, tmp_path / "other")
    with (tmp_path / "other/iris_kedro/tables/split.py").open("a") as file:
        file.write("# changed\n")
    empty_cluster.add_worker("--no-nanny", packages=[str(tmp_path / "other")])

    with (
        pytest.raises(ProjectError, match=r"other versions: code of iris_kedro .*here"),
        connect(empty_cluster.address),
    ):
        pytest.fail("its results may differ")


@pytest.mark.slow
@pytest.mark.parametrize("lacks", ["worker", "scheduler"])
def test_cluster_without_the_package_is_refused(tmp_path, lacks):
    packages = {"worker": PACKAGES, "scheduler": PACKAGES, lacks: [str(tmp_path)]}

    with start_cluster(tmp_path, packages=packages["scheduler"]) as cluster:
        cluster.add_worker("--no-nanny", packages=packages["worker"])
        with (
            pytest.raises(ProjectError, match=r"import this project's code .*iris"),
            connect(cluster.address),
        ):
            pytest.fail("it cannot do anything")


@pytest.mark.slow
def test_local_cluster_has_the_requested_workers_and_ends():
    with connect(workers=1) as client:
        assert list(client.ncores().values()) == [1]
        address = client.scheduler_info()["address"]

    with pytest.raises(ProjectError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CONNECT_SECONDS", 0.5)
        with connect(address):
            pytest.fail("it has ended")


def test_different_and_missing_versions_are_listed():
    versions = {**describe_versions(), "numpy": "1.0", "scipy": ""}

    numpy, scipy = list_differences(versions)

    assert numpy.startswith("numpy 1.0, here ")
    assert scipy.startswith("scipy is missing, here ")
