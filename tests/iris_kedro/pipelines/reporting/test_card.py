from html.parser import HTMLParser
from typing import get_args

import numpy as np
import pytest
from sklearn.metrics import log_loss

from iris_kedro.gate.release import Outcome, RegistryState
from iris_kedro.model.contract import Contract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.reporting.card import METRICS, render_card, render_card_page
from iris_kedro.pipelines.reporting.card_figures import draw_card
from iris_kedro.pipelines.reporting.svg import INK
from iris_kedro.specification import Training

# The order of Mitchell et al., Model Cards for Model Reporting, 2019, figure 1.
SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
    "How to reproduce it",
]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({}, "A row's side\nfollows from a hash of its features"),
        ({"method": "group", "column": "id"}, "with the same `id` are on one side"),
        ({"method": "group", "column": "id"}, "all rows of a group in the same fold."),
        (
            {"method": "time", "column": "day", "boundary": 2020.0},
            "whose `day` is 2020.0 or later.",
        ),
        (
            {"method": "time", "column": "day", "boundary": 2020.0},
            "where rows of the same day are alike",
        ),
    ],
)
def test_card_says_which_rows_were_held_out(make_card, rule, message):
    card = make_card()
    card["model"]["split"] |= rule

    assert message.lower() in render_card(card).lower()


@pytest.fixture
def render(make_card):
    def render(draw=None, **changes):
        card = make_card(**changes)
        drawn = draw(card) if draw else {}
        figures = {name: lambda svg=svg: svg for name, svg in drawn.items()}
        return render_card_page(card, render_card(card), figures)

    return render


class Page(HTMLParser):
    """Collects addresses and images, and checks that elements close in order."""

    VOID = frozenset({"meta", "br", "img", "hr"})

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.images = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.addresses += [values[name] for name in ("src", "href") if name in values]
        if tag == "svg":
            self.images.append(values["aria-label"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Do not open an element that closes itself."""

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


# --- What became of it ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("released", "version"),
    [
        (RegistryState(None, {}, outcomes={"": Outcome("3")}), "3"),
        (RegistryState(None, {"sha256:training": "2"}), "2"),
        (RegistryState(None, {}), None),
    ],
    ids=["released", "known before", "not registered"],
)
def test_card_names_the_version(make_card, released, version):
    assert make_card(released=released)["version"] == version


# --- How it decides ------------------------------------------------------------------


@pytest.fixture
def decide(challenger, change_contract):
    """Return the challenger with another decision in contract and model."""

    def decide(**changes):
        target = Contract.read(challenger).target.model_copy(update=changes)
        model = DecisionRule.of(target).embed(challenger)
        return change_contract(model, target=target)

    return decide


def test_card_says_that_the_most_probable_class_is_predicted(make_card):
    assert "The most probable class is predicted." in render_card(make_card())


def test_card_shows_costs_and_what_predictions_cost_on_average(
    make_card, decide, test_data
):
    costs = {
        "setosa": {"versicolor": 1.0, "virginica": 1.0},
        "versicolor": {"setosa": 1.0, "virginica": 1.0},
        "virginica": {"setosa": 1.0, "versicolor": 40.0},
    }
    model = decide(costs=costs)

    card = make_card(model=model)

    text, rule = render_card(card), DecisionRule.of(Contract.read(model).target)
    X = test_data.drop(columns="species").to_numpy(np.float32)
    y, labels = test_data["species"].to_numpy(str), OnnxScorer(model).score(X).labels
    mean = rule.list_costs(y, labels).mean()
    assert (labels == rule.decide(OnnxScorer(model).score(X).probabilities)).all()
    assert card["costs"]["mean"].value == pytest.approx(mean)
    assert card["costs"]["label"] == "virginica"
    assert card["costs"]["constant"] == pytest.approx((y != "virginica").mean())
    assert card["accuracy"].value == pytest.approx((labels == y).mean())
    assert "| where the actual class is virginica | 1 | 40 | 0 |" in text
    assert f"| mean cost | {mean:.3f} (" in text


def test_card_states_the_threshold_of_the_positive_class(make_card):
    card = make_card()
    card["model"]["target"] |= {"positive": "virginica", "threshold": 0.314159}

    sentence = "virginica is predicted if its probability is at least 0.314."
    assert sentence in render_card(card)


# --- What is measured ----------------------------------------------------------------


def test_results_are_those_of_the_model_on_held_out_rows(
    make_card, challenger, test_data, dataset
):
    card = make_card()

    scores = OnnxScorer(challenger).score(test_data[dataset.columns].to_numpy(float))
    y = test_data["species"].to_numpy(str)
    expected = log_loss(y, scores.probabilities, labels=sorted(set(y)))
    assert card["accuracy"].value == pytest.approx((scores.labels == y).mean())
    assert card["log_loss"].value == pytest.approx(expected, rel=1e-4)
    assert np.sum(card["confusion"]) == len(test_data)


def test_each_value_lies_in_its_interval(make_card):
    card = make_card()
    values = [card["accuracy"], card["log_loss"]]
    values += [each["recall"] for each in card["classes"]]
    values += [each[name] for each in card["halves"] for name in ("lower", "upper")]
    values += [each["right"] for each in card["calibration"]]

    assert all(each.low <= each.value <= each.high for each in values)


def test_groups_cover_all_rows(make_card, test_data):
    card = make_card()

    assert all(sum(half["rows"]) == len(test_data) for half in card["halves"])
    assert sum(each["rows"] for each in card["classes"]) == len(test_data)
    assert sum(each["rows"] for each in card["calibration"]) == len(test_data)


# --- The text ------------------------------------------------------------------------


def test_card_has_the_sections_of_the_paper_in_order(make_card):
    lines = render_card(make_card()).splitlines()

    assert [line[3:] for line in lines if line.startswith("## ")] == SECTIONS


@pytest.mark.parametrize(
    "said",
    [
        "Predicts the species.",
        "sha256:data",
        "**first release**",
        "| logistic regression | 0.100 ± 0.020 | 0.950 ± 0.020 | `C=1.0`",
        "not releasable",
        "rows from `flowers.csv`",
        "git checkout c0ffee",
        "kedro run --params data_engineering.source=mlruns/raw/c0ffee.csv",
        "Not documented yet: set `card.ethics`",
        "(model_card/confusion.svg)",
        "compared by log loss, the mean of -ln of the probability",
        "The expected calibration error is 0.",
        "majority class of",
    ],
)
def test_card_says(make_card, said):
    assert said in render_card(make_card())


def test_card_lists_derived_features_if_there_are_some(make_card):
    card = make_card()
    assert "Derived" not in render_card(card)

    card["model"]["derived"] = {"petal_area": "petal_length * petal_width"}

    assert "| petal area | `petal_length * petal_width` |" in render_card(card)


@pytest.mark.parametrize("metric", METRICS)
def test_card_explains_the_metric_that_was_used(make_card, metric):
    card = make_card()
    card["leaderboard"] = {**card["leaderboard"], "metric": metric}

    text = render_card(card)

    words = metric.replace("_", " ")
    assert f"compared by {words}, {METRICS[metric]}." in text
    assert "The gate decides by log loss" in text


def test_every_metric_of_the_parameters_is_explained():
    scorings = get_args(Training.model_fields["scoring"].annotation)

    assert METRICS.keys() == {each.removeprefix("neg_") for each in scorings}


def test_card_shows_the_baseline_beside_the_model(make_card):
    card = make_card()

    (accuracy,) = [
        line
        for line in render_card(card).splitlines()
        if line.startswith("| accuracy |")
    ]

    assert f"| {card['baseline']['accuracy'].value:.3f} (" in accuracy
    assert card["baseline"]["log_loss"].value > card["log_loss"].value


def test_card_shows_the_difference_only_when_there_is_one(make_card, challenger):
    assert "model_card/difference.svg" not in render_card(make_card())

    compared = render_card(make_card(challenger))

    assert "version 7 in Production on the same" in compared
    assert "model_card/difference.svg" in compared


def test_card_warns_when_the_code_was_not_committed(make_card):
    card = make_card()
    card["report"]["git_commit"] = "c0ffee+changes"

    text = render_card(card)

    assert "git checkout c0ffee\n" in text
    assert "changes that were not committed" in text


def test_card_is_written_when_a_class_has_no_rows(make_card, test_data):
    setosa = test_data[test_data["species"] == "setosa"]

    text = render_card(make_card(rows=setosa))

    assert "| virginica | 0 | – | – |" in text


# --- Figures and page ----------------------------------------------------------------


def test_figures_take_the_colour_of_the_page_and_repeat_exactly(make_card):
    figures = draw_card(make_card())

    assert all("currentColor" in each and INK not in each for each in figures.values())
    assert figures == draw_card(make_card())


def test_page_holds_all_figures_and_loads_nothing(render, challenger):
    page = Page(render(draw_card, production=challenger))

    assert len(page.images) == 6
    assert not page.open
    assert [each for each in page.addresses if not each.startswith("#")] == [
        "https://arxiv.org/abs/1705.07874",
        "https://doi.org/10.1145/3287560.3287596",
    ]


def test_page_escapes_what_was_written_in_the_configuration(render):
    assert "Never &lt;b&gt;eat&lt;/b&gt; a flower." in render()


@pytest.mark.parametrize("verdict", ["unchanged", "unfit", "better"])
def test_page_shows_the_verdict(render, verdict):
    assert f">{verdict}</dd>" in render(verdict=verdict)


def test_image_that_is_not_ours_stays_an_image(make_card):
    page = render_card_page(make_card(), "![map](maps/field.png)", {})

    assert '<img src="maps/field.png" alt="map"' in page


# --- Labelled rows -------------------------------------------------------------------


def test_card_shows_the_share_of_labelled_rows(make_card):
    text = render_card(
        make_card(
            labelled={
                "rows": 24,
                "left_out": [{"reason": "sepal_length is missing", "rows": 1}],
                "duplicates": 3,
                "train": {"rows": 105, "labelled": 12},
                "test": {"rows": 44, "labelled": 8},
                "first": "2026-11-01",
                "last": "2026-11-30",
            }
        )
    )

    assert "105 rows from `flowers.csv` and labelled predictions: " in text
    assert "12 of 105 (11.4 %) training rows and 8 of 44 (18.2 %) held-out rows" in text
    assert "predictions made from 2026-11-01 to 2026-11-30." in text
    assert "3 labelled predictions are duplicates of other rows" in text
    assert "1 labelled predictions were left out: sepal_length is missing." in text
    assert "Labelled predictions are rarely a random sample" in text


def test_card_without_labelled_rows_does_not_mention_them(make_card):
    assert (
        "label"
        not in render_card(make_card())
        .split("## Training data")[1]
        .replace("labels", "")
        .split("##")[0]
    )
