import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.gate.release import Verdict
from iris_kedro.notebook.releasing import (
    check_alias,
    find_other_version,
    list_promotions,
    plot_differences,
    plot_history,
)


@pytest.fixture
def moved(registry, release, clock):
    release()
    release(Verdict.NOT_WORSE, "1", "other")
    registry.rollback()
    return registry


def make_report(low, high):
    reduction = {"value": (low + high) / 2, "low": low, "high": high}
    return {
        "gate": {"non_inferiority_margin": 0.05},
        "comparison": {"difference": {"log_loss_reduction": reduction}},
    }


def test_differences_are_drawn_with_their_intervals():
    reports = {"one": make_report(-0.1, 0.2), "other": make_report(0.0, 0.0)}

    (axes,) = plot_differences(reports).axes

    assert list(axes.lines[0].get_xdata()) == [-0.1, 0.2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "other"]


def test_promotions_are_listed_with_their_verdicts(moved):
    table = list_promotions(moved)

    assert table["to"].tolist() == ["1", "2", "1"]
    assert table["action"].tolist() == ["release", "release", "rollback"]
    assert table["verdict"].tolist() == ["first release", "not worse", "first release"]


def test_history_is_a_step_for_each_move(moved):
    (axes,) = plot_history(moved.history()).axes

    assert axes.lines[0].get_ydata().tolist() == [1, 2, 1, 1]
    assert [text.get_text() for text in axes.texts][-1] == "rollback"


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


def test_refused_version_is_preferred_to_one_that_was_production(moved, release):
    assert find_other_version(moved) == "1"

    refused = release(Verdict.UNFIT, "1", "third")

    assert find_other_version(moved) == refused
