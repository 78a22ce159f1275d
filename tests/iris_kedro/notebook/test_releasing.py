import numpy as np
import pytest

from iris_kedro.notebook.releasing import (
    find_hits,
    list_promotions,
    plot_differences,
    plot_history,
)
from iris_kedro.pipelines.model_release.nodes import bootstrap_differences
from iris_kedro.release import Verdict


@pytest.fixture
def moved(registry, release, clock):
    release()
    release(Verdict.NOT_WORSE, "1", "other")
    registry.rollback()
    return registry


def test_hits_are_the_rows_that_the_model_gets_right(challenger, test_data, dataset):
    hits = find_hits(challenger, test_data, dataset)

    mistaken = test_data.assign(species="setosa")
    assert hits.shape == (len(test_data),)
    assert hits.mean() > 0.9
    assert find_hits(challenger, mistaken, dataset).mean() < 0.5


def test_differences_show_the_interval_of_the_gate(gate):
    hits = np.arange(50) > 2
    differences = bootstrap_differences(hits, np.arange(50) > 6, gate)

    (axes,) = plot_differences({"a title": differences}, gate).axes

    ends = axes.lines[0].get_xdata()
    tail = (1 - gate.confidence) / 2
    assert list(ends) == pytest.approx(np.quantile(differences, [tail, 1 - tail]))
    assert axes.get_title(loc="left") + axes.get_title() == "a title"


def test_differences_without_spread_are_drawn(gate):
    assert plot_differences({"equal": np.zeros(10)}, gate)


def test_promotions_are_listed_with_their_verdicts(moved):
    table = list_promotions(moved)

    assert table["to"].tolist() == ["1", "2", "1"]
    assert table["action"].tolist() == ["release", "release", "rollback"]
    assert table["verdict"].tolist() == ["first release", "not worse", "first release"]


def test_history_is_a_step_for_each_move(moved):
    (axes,) = plot_history(moved.history()).axes

    assert axes.lines[0].get_ydata().tolist() == [1, 2, 1, 1]
    assert [text.get_text() for text in axes.texts][-1] == "rollback"
