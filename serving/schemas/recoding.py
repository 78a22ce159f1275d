"""Converts rows from the encoding of one contract to that of another."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.model.contract.contract import Contract, ContractError
from serving.model.features import Category
from serving.schemas.values.tables import Tables


class RecodedRows(NamedTuple):
    """Rows in another encoding.

    Attributes:
        rows: Those that the other contract accepts, shape (n_kept, n_features).
        kept: Which these are, shape (n_rows,).
    """

    rows: NDArray[np.float32]
    kept: NDArray[np.bool_]


class Recoder:
    """Writes rows of other contracts as one contract encodes them.

    Args:
        target: That contract.
    """

    def __init__(self, target: Contract) -> None:
        self._target = target
        self._tables = Tables(target)

    def recode(self, rows: NDArray[np.float32], source: Contract) -> RecodedRows:
        """Write rows as the target encodes them.

        Rows are left out if the target rejects one of their values, or may know a
        category that the source does not: the text of unknown categories is not kept.

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
    """Return all rows in the other encoding, and which of them it can express."""
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
    """Return the other code of each category, and of an unknown one; NaN if none."""
    unknown = wanted.unknown if wanted.accepts_unknown else np.nan
    codes = [wanted.codes.get(text, unknown) for text in given.categories]
    is_unknown_to_both = set(wanted.categories) <= set(given.categories)
    codes.append(unknown if is_unknown_to_both else np.nan)
    return np.array(codes, dtype=np.float32)
