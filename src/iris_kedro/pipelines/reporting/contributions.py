"""Nodes that explain predictions of held-out rows."""

from typing import Any

import numpy as np
import onnx
import pandas as pd

from iris_kedro.gate.release import RegistryState
from iris_kedro.model.contract import Contract
from iris_kedro.model.explanation import Explainer
from iris_kedro.model.inputs import arrange, to_tensors
from iris_kedro.model.scoring import OnnxScorer

MAX_EXACT = 7  # features; for more, sampling is accurate enough for a summary
MAX_ROWS = 100
MOST_SHOWN = 15  # features in the card
MAX_PREDICTIONS = 500_000  # about a second of a random forest


def explain_rows(
    challenger: onnx.ModelProto, test_data: pd.DataFrame, released: RegistryState
) -> pd.DataFrame:
    """Explain the predictions of some held-out rows.

    Args:
        challenger: The model.
        test_data: The held-out rows.
        released: The release, which is waited for: an error here cannot stop it.

    Returns:
        A line for each row, feature and class: the contribution of the feature's value
        to the probability of the class, its standard error if it is estimated, and the
        predicted class.
    """
    contract = Contract.read(challenger)
    explainer = Explainer.of(challenger, MAX_EXACT)
    count = min(MAX_ROWS, max(1, MAX_PREDICTIONS // explainer.cost), len(test_data))
    rows = test_data.sample(count, random_state=0).sort_index()
    inputs = arrange(rows, contract.inputs)
    names, classes = list(contract.inputs), contract.target.classes
    index = pd.MultiIndex.from_product(
        [rows.index, names, classes], names=["row", "feature", "class"]
    )
    values = rows[names].to_numpy(object).ravel()
    labels = OnnxScorer(challenger).score(inputs).labels
    explained = explainer.explain(to_tensors(inputs))
    errors = explained.standard_errors
    return pd.DataFrame(
        {
            "value": np.repeat(values, len(classes)),
            "contribution": explained.contributions.ravel(),
            "standard_error": np.nan if errors is None else errors.ravel(),
            "prediction": np.repeat(labels, len(names) * len(classes)),
        },
        index,
    ).reset_index()


def summarize_contributions(contributions: pd.DataFrame) -> dict[str, Any]:
    """Return the mean absolute contribution of each feature, the largest first."""
    sizes = contributions.assign(size=contributions["contribution"].abs())
    table = sizes.pivot_table(
        index="feature", columns="class", values="size", sort=False
    )
    means = table.mean(axis=1).sort_values(ascending=False, kind="stable")
    by_class = table.to_dict("index")
    return {
        "rows": int(contributions["row"].nunique()),
        "is_estimated": bool(contributions["standard_error"].notna().any()),
        "features": [
            {
                "name": str(name),
                "mean": float(mean),
                "classes": {
                    str(key): float(each) for key, each in by_class[name].items()
                },
            }
            for name, mean in means.items()
        ],
    }
