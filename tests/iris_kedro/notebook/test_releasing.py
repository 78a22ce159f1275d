import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.gate.release import Verdict
from iris_kedro.notebook.releasing import check_alias


def test_notebook_stops_with_the_reasons_if_nothing_was_released(registry, release):
    with pytest.raises(ProjectError, match="nothing was released"):
        check_alias(registry)

    release(Verdict.UNFIT)

    with pytest.raises(ProjectError, match=r"because of the test\. Train a better"):
        check_alias(registry)


def test_notebook_goes_on_with_a_version_in_production(registry, release):
    release()

    check_alias(registry)
    with pytest.raises(ProjectError, match="no version in Canary"):
        check_alias(registry, "Canary")
