"""Compares a challenger with released models on rows that neither was trained on."""

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import CategoryContract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.specification import Dataset, Gate
from iris_kedro.tables.split import check_method, find_held_out

from .comparing import Difference, compare_answers, select
from .performance import Answers, Performance, answer, list_columns, summarize
from .release import RegistryState, ReleasedModel


def compare_with_released(
    released: ReleasedModel,
    ours: Answers,
    rows: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
    rule: DecisionRule | None = None,
) -> tuple[Difference, Performance]:
    """Compare the challenger's predictions with a released model's, on unseen rows.

    Both decide by the challenger's ``rule``, so that a change of the threshold or the
    costs, which is a choice, counts neither for nor against a model.

    Raises:
        ValueError: If they cannot be compared.
    """
    unseen = find_unseen(released, rows, dataset)
    theirs = answer(released.model, rows[unseen], dataset.target, rule)
    same = select(ours, unseen)
    performance = summarize(theirs, rows[unseen], dataset.target, gate)
    name = f"version {released.version}"
    return compare_answers(name, same, theirs, gate), performance


def find_unseen(
    released: ReleasedModel, rows: pd.DataFrame, dataset: Dataset
) -> NDArray[np.bool_]:
    """Find the rows that a released model was not trained on, by its own split.

    Raises:
        ValueError: If there are none, they were split by another method, or the model
            needs columns that do not exist.
    """
    columns, split = list_columns(released.model), released.contract.split
    missing = [name for name in columns if name not in rows]
    if missing:
        raise ValueError(f"it needs {', '.join(missing)}, which the data does not have")
    _check_types(released.contract, rows)
    check_method(split, rows, dataset)
    unseen = find_held_out(rows, columns, split)
    if not unseen.any():
        raise ValueError("it was trained on every held-out row")
    accepted = unseen & _is_accepted(released.contract, rows)
    if not accepted.any():
        raise ValueError("it accepts none of the rows that it has not seen")
    return accepted


def _check_types(contract: Contract, rows: pd.DataFrame) -> None:
    """Check that columns have kept their types: the split and model depend on them."""
    changed = [
        name
        for name, feature in contract.inputs.items()
        if feature.is_category == pd.api.types.is_numeric_dtype(rows[name])
    ]
    if changed:
        raise ValueError(f"{', '.join(changed)} had another type in its data")


def _is_accepted(contract: Contract, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Find the rows whose missing values and categories the model's service accepts."""
    accepted = np.ones(len(rows), bool)
    for name, feature in contract.inputs.items():
        is_missing = rows[name].isna().to_numpy(bool)
        if not feature.nullable:
            accepted &= ~is_missing
        if isinstance(feature, CategoryContract) and feature.unknown == "reject":
            known = rows[name].isin(feature.categories).to_numpy(bool)
            accepted &= known | is_missing
    return accepted


def find_best_predecessor(
    registry: RegistryState,
    ours: Answers,
    rows: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
    rule: DecisionRule | None = None,
) -> Difference | None:
    """Compare with the best version that was in Production before.

    It is the one with the smallest gain of the challenger. Versions that cannot be
    compared are skipped. All decide by the challenger's ``rule``.
    """
    found = []
    for released in registry.predecessors:
        try:
            unseen = find_unseen(released, rows, dataset)
        except ValueError:
            continue
        theirs = answer(released.model, rows[unseen], dataset.target, rule)
        name = f"version {released.version}"
        found.append(compare_answers(name, select(ours, unseen), theirs, gate))
    return min(found, key=lambda each: each.log_loss_reduction.value, default=None)


def has_newer_data(challenger: onnx.ModelProto, registry: RegistryState) -> bool:
    """Return whether no version up to Production came from the challenger's data."""
    return Contract.read(challenger).data_digest not in registry.known_data
