"""Model cards of the tests."""

import pytest

from iris_kedro.gate.release import RegistryState
from iris_kedro.pipelines.reporting.card import build_card
from iris_kedro.pipelines.reporting.contributions import (
    explain_rows,
    summarize_contributions,
)
from iris_kedro.specification import Card


@pytest.fixture(scope="session")
def leaderboard():
    return {
        "metric": "log_loss",
        "folds": 5,
        "repeats": 2,
        "candidates": [
            {
                "candidate": "logistic_regression",
                "scores": {
                    "log_loss": {"mean": 0.1, "standard_error": 0.02},
                    "accuracy": {"mean": 0.95, "standard_error": 0.02},
                },
                "best_parameters": {"C": 1.0},
                "releasable": True,
                "chosen": True,
            },
            {
                "candidate": "other",
                "scores": {
                    "log_loss": {"mean": 0.2, "standard_error": 0.02},
                    "accuracy": {"mean": 0.9, "standard_error": 0.02},
                },
                "best_parameters": {},
                "releasable": False,
                "chosen": False,
            },
        ],
        "untrained": [],
        "baseline": {
            "log_loss": {"mean": 1.1, "standard_error": 0.001},
            "accuracy": {"mean": 0.33, "standard_error": 0.01},
        },
    }


NOT_RELEASED = RegistryState(None, {})


TEXT = Card(purpose="Predicts the species.", caveats=["Never <b>eat</b> a flower."])


@pytest.fixture
def make_card(challenger, test_data, report, dataset, gate, leaderboard):
    def make(
        production=None,
        rows=test_data,
        released=NOT_RELEASED,
        model=challenger,
        labelled=None,
        **changes,
    ):
        contributions = explain_rows(model, rows, released)
        return build_card(
            model,
            rows,
            leaderboard,
            {**report(production), **changes},
            {"source": "flowers.csv", "labelled": labelled},
            dataset,
            TEXT,
            gate,
            released,
            contributions,
            summarize_contributions(contributions),
        )

    return make
