"""The model card of tables with other features than numbers."""

from copy import deepcopy

import pytest

from iris_kedro.gate.release import RegistryState
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.pipelines.model_release.nodes import compare, decide
from iris_kedro.pipelines.model_release.report import build_report
from iris_kedro.pipelines.reporting.card import build_card, render_card
from iris_kedro.pipelines.reporting.card_figures import draw_card
from iris_kedro.pipelines.reporting.contributions import (
    explain_rows,
    summarize_contributions,
)
from iris_kedro.specification import Candidate, Card
from tests.iris_kedro import passengers

NOTHING = RegistryState(None, {})


@pytest.fixture(scope="module")
def make_card(
    training,
    split_parameters,
    export_parameters,
    describe_model,
    lineage,
    gate,
    leaderboard,
):
    """Return a function that gives the card of a model of some features."""

    def make(*names):
        whole = passengers.describe()
        dataset = whole.model_copy(
            update={"features": {name: whole.features[name] for name in names}}
        )
        content = passengers.write(passengers.draw(600))
        sides = passengers.split_rows(content, dataset, split_parameters)
        train, test, *_ = sides
        candidate = Candidate.model_validate(
            {"class": "sklearn.linear_model.LogisticRegression", "scale": True}
        )
        trained = train_candidate("one", train, dataset, candidate, training)
        best = export_onnx(trained, train, dataset, export_parameters)
        model = describe_model(best, sides, dataset)
        comparison = compare(model, 0.1, NOTHING, test, dataset, gate)
        report = build_report(
            comparison, decide(comparison, gate), model, lineage, gate
        )
        contributions = explain_rows(model, test, NOTHING)
        return build_card(
            model,
            test,
            leaderboard,
            report,
            {"source": "passengers.csv", "labelled": None},
            dataset,
            Card(),
            gate,
            NOTHING,
            contributions,
            summarize_contributions(contributions),
        )

    return make


@pytest.fixture(scope="module")
def whole_card(make_card):
    return make_card("deck", "sex", "age", "siblings", "port", "alone")


@pytest.fixture
def mixed_card(whole_card):
    """Return a card that a test may change."""
    return deepcopy(whole_card)


@pytest.fixture(scope="module")
def discrete_card(make_card):
    return make_card("sex", "alone")


def find_line(text, start):
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_counts_are_shown_with_their_values(mixed_card):
    text = render_card(mixed_card)

    *_, port, alone = mixed_card["model"]["features"]
    false, true = alone["training"]["counts"]
    assert f"{false} false, {true} true, " in find_line(text, "| alone |  |")
    assert f"{port['training']['counts'][2]} None" in find_line(text, "| port |  |")


@pytest.mark.parametrize(("share", "shown"), [(0.004, "0.4"), (0.25, "25.0")])
def test_small_share_of_missing_values_is_not_none(mixed_card, share, shown):
    age = mixed_card["model"]["features"][2]["training"]
    age["missing"] = share

    assert f"{shown} % missing" in find_line(render_card(mixed_card), "| age |  |")


def test_large_mean_is_written_out(mixed_card):
    mixed_card["model"]["features"][2]["training"]["mean"] = 4201.7

    assert "mean 4200" in find_line(render_card(mixed_card), "| age |  |")


def test_classes_have_their_labels(mixed_card):
    assert "for each of 0 (died), 1 (survived)." in render_card(mixed_card)


def test_factors_and_caveats_name_both_kinds_of_features(mixed_card):
    text = render_card(mixed_card)

    assert "median in training, and for each value of all other features." in text
    assert "Beyond the ranges of training and for values that training did" in text
    assert "### Halves of each number" in text
    assert "### Values of the other features" in text


def test_card_without_numeric_features_mentions_none(discrete_card):
    text = render_card(discrete_card)

    assert "for each class and for each value of each feature." in text
    assert "- For values that training did not have, the model extrapolates." in text
    assert "### Values of each feature" in text
    assert "number" not in text.partition("## Factors")[2].partition("## Metrics")[0]
    assert "Halves" not in text
    assert set(draw_card(discrete_card)) >= {"metrics", "confusion", "calibration"}


def test_bar_in_a_category_does_not_end_the_cell(mixed_card):
    mixed_card["model"]["features"][0]["categories"][0] = "a|b"
    mixed_card["values"][0]["value"] = "a|b"

    text = render_card(mixed_card)

    assert text.count("a\\|b") == 3
    assert "a|b" not in text
