"""The classes in the model card, of which there may be dozens."""

import re

import numpy as np
import pandas as pd
import pytest

from iris_kedro.pipelines.reporting.card import render_card
from iris_kedro.pipelines.reporting.card_figures import draw_card
from iris_kedro.pipelines.reporting.contributions import summarize_contributions
from iris_kedro.style import COLORS

CLASSES = [f"part {number:02}" for number in range(40)]


@pytest.fixture
def many_card(make_card):
    """Return a card with results of 40 classes."""
    card = make_card()
    index = pd.MultiIndex.from_product(
        [CLASSES, ["petal_length", "petal_width"], CLASSES],
        names=["prediction", "feature", "class"],
    )
    generator = np.random.default_rng(0)
    explained = pd.DataFrame(
        {
            "contribution": generator.normal(size=len(index)),
            "standard_error": np.nan,
            "row": index.codes[0],
        },
        index,
    ).reset_index()
    card["model"]["target"] |= {"classes": CLASSES, "training_counts": [9] * 40}
    return {
        **card,
        "counts": dict.fromkeys(CLASSES, 1),
        "classes": [{**card["classes"][0], "name": name} for name in CLASSES],
        "confusion": np.eye(40, dtype=int).tolist(),
        "contributions": summarize_contributions(explained),
        "explained": explained,
    }


def count_columns(text):
    return max(line.count("|") - 1 for line in text.splitlines())


def test_no_table_has_a_column_for_each_class(make_card, many_card):
    assert count_columns(render_card(many_card)) == count_columns(
        render_card(make_card())
    )


def test_feature_is_shown_with_the_classes_that_it_moves_most(many_card):
    feature = many_card["contributions"]["features"][0]
    sizes = sorted(
        ((size, name) for name, size in feature["classes"].items()), reverse=True
    )

    text = render_card(many_card)

    shown = ", ".join(f"{name} {size:.3f}" for size, name in sizes[:3])
    assert f"| {feature['mean']:.3f} | {shown} |\n" in text
    assert "Only the 3 classes with the largest contributions" in text


def test_three_classes_are_all_shown(make_card):
    assert "with the largest contributions" not in render_card(make_card())


def test_costs_that_differ_from_1_are_listed(many_card):
    many_card["model"]["target"]["costs"] = {
        "part 00": {"part 01": 40.0, "part 02": 1.0},
        "part 01": {"part 00": 0.5},
    }

    text = render_card(many_card)

    assert "| part 00 | part 01 | 40 |\n| part 01 | part 00 | 0.5 |\n" in text
    assert "part 02 | 1 |" not in text


@pytest.mark.slow
def test_figures_of_many_classes_show_only_what_happened_in_one_colour(many_card):
    figures = draw_card(many_card)

    assert figures["confusion"].count(">1</text>") == 40
    assert ">0</text>" not in figures["confusion"]
    assert COLORS[1].lower() not in figures["contributions"]
    assert "part 00" not in figures["contributions"]


def test_classes_have_colours_in_the_order_of_the_dataset(make_card):
    card = make_card()
    card["model"]["target"]["classes"].reverse()

    figure = draw_card(card)["contributions"]

    colors = re.findall(r"fill: (#[0-9a-f]{6})", figure)
    assert list(dict.fromkeys(colors)) == [color.lower() for color in COLORS[:3]]
    labels = re.findall(r">(setosa|versicolor|virginica)</text>", figure)
    assert labels == card["model"]["target"]["classes"]


def test_features_that_are_left_out_of_the_card_are_counted(many_card, make_card):
    (feature, *_) = many_card["contributions"]["features"]
    features = [{**feature, "name": f"number_{place:02}"} for place in range(20)]
    card = make_card()
    card["contributions"] = {**card["contributions"], "features": features}

    text = render_card(card)

    assert "number 14" in text
    assert "number 15" not in text
    assert "the 15 features with the largest contributions of 20;" in text
