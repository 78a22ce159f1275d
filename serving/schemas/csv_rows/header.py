"""The header of CSV: which columns are the features."""

import re
from collections.abc import Iterator, Mapping, Sequence

from serving.model.contract.contract import Contract
from serving.model.contract.source import Source
from serving.schemas.issues import InvalidInputError, ValidationIssue, quote
from serving.schemas.rows import RowReader

HINT = "; /predict/batch?layout=source ignores other columns"
MOST_COLUMNS = 10_000  # that are not features
NAMED, SEVERAL = 20, 3  # headers in one message


def order_contract(header: Sequence[str], reader: RowReader) -> list[int]:
    """Return the place of each feature in a header that names exactly the features.

    Raises:
        InvalidInputError: If it does not.
    """
    return reader.order_of(header, "/0", HINT)


def order_source(header: Sequence[str], contract: Contract) -> list[int]:
    """Return the place of each feature in a header in any spelling, among others.

    Raises:
        InvalidInputError: If a feature is missing, or could be several columns.
    """
    names, source = contract.feature_names, contract.source
    if len(header) > len(names) + MOST_COLUMNS:
        message = f"must have at most {len(names) + MOST_COLUMNS} columns"
        raise InvalidInputError.of("/0", f"{message}, not {len(header)}")
    # As pandas names what has no name.
    named = [text or f"Unnamed: {place}" for place, text in enumerate(header)]
    found = find_columns(named, names, source.columns)
    error = InvalidInputError.collect(_find_issues(found, named, source))
    if error.issues:
        raise error
    return [places[0] for places in found.values()]


def find_columns(
    header: Sequence[str], names: Sequence[str], columns: Mapping[str, str]
) -> dict[str, list[int]]:
    """Find the columns that may be each feature, by the rule of training.

    A column that the contract names is meant as it is spelt; others are found in any
    spelling. Unlike training, a feature whose column is not there may have the
    contract's name of it.

    Args:
        header: The headers.
        names: The names of the features.
        columns: The headers that the contract names, by feature and target.

    Returns:
        For each feature, the places in the header.
    """
    named = set(columns.values())
    places: dict[tuple[bool, str], list[int]] = {}
    for place, text in enumerate(header):
        is_named = text in named
        spelling = text if is_named or text in names else standardize_name(text)
        places.setdefault((is_named, spelling), []).append(place)
    found = {}
    for name in names:
        others = places.get((False, name), [])
        if name in columns:
            exact = [place for place in others if header[place] == name]
            found[name] = places.get((True, columns[name]), exact)
        else:
            found[name] = others
    return found


def standardize_name(column: str) -> str:
    """Turn a header into the name of a feature.

    Drops a unit in parentheses and writes words in lower case with underscores, as
    training does.
    """
    # Up to the last parenthesis, every opened one is closed: the search is linear.
    closed, mark, rest = column.rpartition(")")
    without_unit = re.sub(r"\(.*?\)", "", closed + mark, flags=re.DOTALL) + rest
    return re.sub(r"[^a-z0-9]+", "_", without_unit.lower()).strip("_")


def _find_issues(
    found: Mapping[str, list[int]], header: Sequence[str], source: Source
) -> Iterator[ValidationIssue]:
    present = f"; the header has {_list(header, NAMED)}"
    if len(header) == 1:
        present += f"; columns are separated by {source.separator!r}"
    for name, places in found.items():
        if not places:
            column = source.columns.get(name)
            wanted = "" if column is None else f": there is no column {quote(column)}"
            message = f"{name} is missing{wanted}{present}"
            yield ValidationIssue("/0", message, name, "missing")
            present = ""  # once is enough
        elif len(places) > 1:
            several = _list([header[place] for place in places], SEVERAL)
            message = f"{name} could be each of the columns {several}"
            yield ValidationIssue("/0", message, name, "unknown")


def _list(header: Sequence[str], most: int) -> str:
    more = ["…"] if len(header) > most else []
    return ", ".join([*map(quote, header[:most]), *more])
