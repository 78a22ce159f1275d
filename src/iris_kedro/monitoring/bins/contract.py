"""The bins of a contract's features, predictions and confidence."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from iris_kedro.model.binning import CONFIDENCE_DIGITS
from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import (
    BooleanContract,
    CategoryContract,
    FeatureContract,
    NumberContract,
)
from iris_kedro.monitoring.bins.merging import choose_edges, group_texts
from iris_kedro.monitoring.bins.variables import (
    MISSING,
    UNKNOWN,
    Bins,
    BooleanBins,
    NumberBins,
    TextBins,
)

CONFIDENCE = "confidence"

Special = dict[str, int]  # reference rows of unknown and missing values


def bin_features(contract: Contract) -> list[Bins]:
    """Return the bins of each feature, in their order.

    Raises:
        ValueError: If the contract does not describe the training distribution.
    """
    if not all(feature.training.counts for feature in contract.features):
        raise ValueError("the contract has no bins of its features")
    rows = sum(contract.target.training_counts)
    return [_bin_feature(feature, rows) for feature in contract.features]


def bin_answers(contract: Contract) -> tuple[TextBins, NumberBins]:
    """Return the bins of predictions and of confidence.

    Raises:
        ValueError: If the contract does not describe the held-out predictions.
    """
    expected = contract.held_out
    if expected is None:
        raise ValueError("the contract does not describe the held-out predictions")
    target = contract.target
    return (
        _bin_texts(target.name, target.classes, expected.predictions, {}),
        _bin_numbers(
            CONFIDENCE, expected.edges, expected.counts, {}, CONFIDENCE_DIGITS
        ),
    )


def _bin_feature(feature: FeatureContract, rows: int) -> Bins:
    name, counts = feature.name, feature.training.counts
    missing = round(feature.training.missing * rows)
    special: Special = {}
    if isinstance(feature, CategoryContract) and feature.unknown == "accept":
        special[UNKNOWN] = max(rows - sum(counts) - missing, 0)
    if feature.nullable:
        special[MISSING] = missing
    if isinstance(feature, NumberContract):
        return _bin_numbers(name, feature.training.edges, counts, special)
    if isinstance(feature, BooleanContract):
        return BooleanBins(name, *_append(["false", "true"], counts, special))
    return _bin_texts(name, feature.categories, counts, special)


def _bin_numbers(
    name: str,
    edges: Sequence[float],
    counts: Sequence[int],
    special: Special,
    digits: int = 6,
) -> NumberBins:
    kept = choose_edges(counts)
    merged = np.add.reduceat(counts, [0, *(place + 1 for place in kept)]).tolist()
    edges = tuple(edges[place] for place in kept)
    names = _name_intervals(edges, digits)
    return NumberBins(name, *_append(names, merged, special), edges=edges)


def _bin_texts(
    name: str, known: Sequence[str], counts: Sequence[int], special: Special
) -> TextBins:
    places = group_texts(counts)
    merged = np.bincount(places, counts).astype(int).tolist()
    names = [
        known[places.index(place)]
        if places.count(place) == 1
        else f"{places.count(place)} others"
        for place in range(len(merged))
    ]
    bins = _append(names, merged, special)
    return TextBins(name, *bins, known=tuple(known), places=tuple(places))


def _append(
    names: Sequence[str], counts: Sequence[int], special: Special
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]:
    """Append the bins of unknown and missing values to names and counts."""
    return (*names, *special), (*counts, *special.values()), tuple(special)


def _name_intervals(edges: Sequence[float], digits: int) -> list[str]:
    shown = [f"{edge:.{digits}g}" for edge in edges]
    if not shown:
        return ["any"]
    between = [f"{low} – {high}" for low, high in pairwise(shown)]
    return [f"≤ {shown[0]}", *between, f"> {shown[-1]}"]
