from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import AbstractDataset

from iris_kedro.gate.release import RegistryState
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.pipelines.reporting import contributions as module
from iris_kedro.pipelines.reporting.contributions import (
    explain_rows,
    summarize_contributions,
)

CONF = Path(__file__).parents[4] / "conf/base"
NOTHING = RegistryState(None, {})


def test_held_out_rows_are_explained_by_feature_and_class(
    challenger, test_data, dataset
):
    found = explain_rows(challenger, test_data, NOTHING)

    assert len(found) == len(test_data) * 4 * 3
    one = found[(found["row"] == test_data.index[5]) & (found["class"] == "virginica")]
    assert one["feature"].tolist() == dataset.columns
    assert one["value"].tolist() == test_data.iloc[5][dataset.columns].tolist()
    inputs = arrange(test_data, dataset.features)
    scores = OnnxScorer(challenger).score(inputs)
    assert set(one["prediction"]) == {scores.labels[5]}
    sums = found.groupby(["row", "class"])["contribution"].sum().unstack()
    moves = scores.probabilities - scores.probabilities[0]
    expected = sums.to_numpy() - sums.to_numpy()[0]
    assert expected == pytest.approx(moves, abs=1e-5)


def test_expensive_models_explain_fewer_rows(challenger, test_data, monkeypatch):
    monkeypatch.setattr(module, "MAX_PREDICTIONS", 16_500)

    found = explain_rows(challenger, test_data, NOTHING)

    assert found["row"].nunique() == 10  # of 16 coalitions and 100 background rows


def test_estimates_have_standard_errors(challenger, test_data, monkeypatch):
    monkeypatch.setattr(module, "MAX_EXACT", 3)

    found = explain_rows(challenger, test_data.head(3), NOTHING)

    assert found["standard_error"].between(1e-6, 0.05).mean() > 0.5
    assert summarize_contributions(found)["is_estimated"]


def test_summary_has_the_features_by_size():
    rows = pd.DataFrame(
        {
            "row": np.repeat([1, 2], 4),
            "feature": ["small", "small", "large", "large"] * 2,
            "class": ["yes", "no"] * 4,
            "contribution": [0.1, -0.1, -0.4, 0.4, 0.1, -0.1, 0.2, -0.2],
            "standard_error": np.nan,
        }
    )

    summary = summarize_contributions(rows)

    assert summary["rows"] == 2
    assert [each["name"] for each in summary["features"]] == ["large", "small"]
    assert summary["features"][0]["mean"] == pytest.approx(0.3)
    sizes = summary["features"][1]["classes"]
    assert sizes == pytest.approx({"yes": 0.1, "no": 0.1})
    assert list(sizes) == ["yes", "no"]  # the card has columns in this order


def test_summary_keeps_classes_that_look_like_other_types(tmp_path):
    catalog = yaml.safe_load((CONF / "catalog_reporting.yml").read_text())
    config = catalog["reporting.contributions"]["dataset"]
    config["filepath"] = str(tmp_path / "contributions.csv")
    dataset = AbstractDataset.from_config("contributions", config)
    rows = pd.DataFrame(
        {
            "row": 1,
            "feature": "size",
            "class": ["None", "007"],
            "contribution": [-0.25, 0.25],
            "standard_error": np.nan,
            "prediction": "007",
        }
    )

    dataset.save(rows)

    summary = summarize_contributions(dataset.load())
    (feature,) = summary["features"]
    assert not summary["is_estimated"]
    assert feature["classes"] == {"None": 0.25, "007": 0.25}
