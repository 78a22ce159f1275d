"""Two followers of one store, as in containers that share a volume."""

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
