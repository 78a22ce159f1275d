"""Converts rows from the encoding of one contract to another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.contract import Contract, ContractError
from serving.model.features import Category
from serving.schemas.values.tables import Tables


class RecodedRows(NamedTuple):
    """Rows in another encoding.

    Attributes:
        rows: The rows that the target accepts, shape (n_kept, n_features).
        kept: Whether each original row was kept, shape (n_rows,).
    """

    rows: NDArray[np.float32]
    kept: NDArray[np.bool_]


class Recoder:
    """Converts rows of other contracts to the encoding of one contract."""

    def __init__(self, target: Contract) -> None:
        self._target = target
        self._tables = Tables(target)

    def recode(self, rows: NDArray[np.float32], source: Contract) -> RecodedRows:
        """Convert rows to the encoding of the target.

        Rows are omitted if the target rejects one of their values, or if it might know
        their unknown category: its text is not kept.

        Args:
            rows: Rows that the source accepts, shape (n_rows, n_features).
            source: Their contract.

        Raises:
            ContractError: If the features have other names or types.
        """
        recoded, kept = _translate(rows, source, self._target)
        kept &= self._tables.find_accepted(recoded).all(axis=1)
        return RecodedRows(recoded if kept.all() else recoded[kept], kept)


def _translate(
    rows: NDArray[np.float32], source: Contract, target: Contract
) -> RecodedRows:
    """Return all rows in the other encoding, and whether it can represent each."""
    kept = np.ones(len(rows), dtype=np.bool_)
    if source.encoding == target.encoding:
        return RecodedRows(rows, kept)
    places = {name: place for place, name in enumerate(source.feature_names)}
    if set(places) != set(target.feature_names):
        raise ContractError("the features have other names")
    recoded = rows[:, [places[name] for name in target.feature_names]]
    encoding = dict(source.encoding)
    for place, (name, values) in enumerate(target.encoding):
        if encoding[name] == values:
            continue
        given, wanted = source.features[places[name]], target.features[place]
        if not (isinstance(given, Category) and isinstance(wanted, Category)):
            raise ContractError(f"the feature {name} has another type")
        codes = _match_categories(given, wanted)
        present = ~np.isnan(recoded[:, place])
        recoded[present, place] = codes[recoded[present, place].astype(np.intp)]
        kept &= ~present | ~np.isnan(recoded[:, place])
    return RecodedRows(recoded, kept)


def _match_categories(given: Category, wanted: Category) -> NDArray[np.float32]:
    """Return the target's code of each category, then of an unknown one, or NaN."""
    unknown = wanted.unknown if wanted.accepts_unknown else np.nan
    codes = [wanted.codes.get(text, unknown) for text in given.categories]
    is_unknown_to_both = set(wanted.categories) <= set(given.categories)
    codes.append(unknown if is_unknown_to_both else np.nan)
    return np.array(codes, dtype=np.float32)
