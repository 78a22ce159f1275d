import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from iris_kedro.notebook.regions import find_separating, plot_regions
from iris_kedro.pipelines.data_science.preprocessing import build_preprocessing
from iris_kedro.specification import Candidate

PETALS = ["petal_length", "petal_width"]


@pytest.fixture
def models(trained):
    return {name: each.model for name, each in trained.items()}


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 2)])
def test_regions_stand_three_in_a_row(models, train_data, dataset, count, rows):
    (model,) = models.values()
    many = {f"model_{number}": model for number in range(count)}

    figure = plot_regions(many, train_data, dataset, PETALS)

    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert len(visible) == count
    assert figure.axes[0].get_gridspec().nrows == rows


def test_numbers_that_separate_best_are_found(train_data, dataset, mixed_data, mixed):
    assert find_separating(train_data, dataset) == PETALS
    assert set(find_separating(mixed_data, mixed)) < set(mixed.numbers)


def test_number_without_spread_separates_nothing(mixed_data, mixed):
    found = find_separating(mixed_data.assign(age=7.0, fare=np.nan), mixed)

    assert found == ["siblings"]


def test_model_of_all_types_is_drawn_over_two_numbers(mixed_data, mixed):
    candidate = Candidate.model_validate(
        {"class": "sklearn.linear_model.LogisticRegression"}
    )
    steps = [*build_preprocessing(candidate, mixed), ("model", candidate.build())]

    figure = plot_regions(
        {"logistic_regression": Pipeline(steps)}, mixed_data, mixed, ["age", "fare"]
    )

    (axes,) = figure.axes
    points = sum(len(each.get_offsets()) for each in axes.collections[1:])
    assert points == mixed_data["age"].notna().sum()
    assert axes.get_xlabel() == "age (years)"


def test_regions_have_the_colours_of_the_classes_also_of_two(models, dataset):
    two = dataset.target.model_copy(update={"classes": ["virginica", "setosa"]})
    data = pd.DataFrame(
        {
            "petal_length": [1.0, 2, 3, 4],
            "petal_width": [0.01, 0.01, 0.02, 0.02],
            "species": ["setosa", "setosa", "virginica", "virginica"],
        }
    )
    specification = dataset.model_copy(update={"target": two})

    (axes,) = plot_regions(models, data, specification, PETALS).axes

    regions, _, setosa = axes.collections
    left = regions.to_rgba(regions.get_array()[75, 0])[:3]
    assert left == tuple(setosa.get_facecolor()[0][:3])
    assert axes.get_ylim() == pytest.approx((0.0095, 0.0205), abs=2e-4)


def test_without_two_numbers_there_is_a_sentence(models, mixed_data, mixed):
    (axes,) = plot_regions(models, mixed_data, mixed, ["age"]).axes

    assert "no two numbers" in axes.texts[0].get_text()
