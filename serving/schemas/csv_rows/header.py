"""Finds the columns of the features in a CSV header."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from serving.model.contract.contract import Contract
from serving.model.contract.source import Source
from serving.schemas.issues import InvalidInputError, ValidationIssue, quote
from serving.schemas.rows import RowReader

HINT = "; /predict/batch?layout=source ignores other columns"
MOST_COLUMNS = 10_000  # that are not features
NAMED, SEVERAL = 20, 3  # headers in one message


def order_contract(header: Sequence[str], reader: RowReader) -> list[int]:
    """Return the position of each feature in a header with exactly the features.

    Raises:
        InvalidInputError: If the header has other columns.
    """
    return reader.order_of(header, "/0", HINT)


def order_source(header: Sequence[str], contract: Contract) -> list[int]:
    """Return the position of each feature, in any spelling and among other columns.

    Raises:
        InvalidInputError: If a feature is missing, or several columns match it.
    """
    names, source = contract.feature_names, contract.source
    if len(header) > len(names) + MOST_COLUMNS:
        message = f"must have at most {len(names) + MOST_COLUMNS} columns"
        raise InvalidInputError.of("/0", f"{message}, not {len(header)}")
    # pandas' names for columns without a header.
    named = [text or f"Unnamed: {place}" for place, text in enumerate(header)]
    found = find_columns(named, names, source.columns)
    error = InvalidInputError.collect(_find_issues(found, named, source))
    if error.issues:
        raise error
    return [places[0] for places in found.values()]


def find_columns(
    header: Sequence[str], names: Sequence[str], columns: Mapping[str, str]
) -> dict[str, list[int]]:
    """Find the columns that match each feature, by the same rules as training.

    A header in the contract is matched exactly; other features in any spelling. Unlike
    in training, a feature whose header is absent may also have its own name.

    Returns:
        For each feature, the positions in the header.
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
    """Convert a header to the name of a feature.

    Like training, remove accents and units in parentheses, and convert words to lower
    case with underscores.
    """
    plain = re.sub(r"[\u0300-\u036f]", "", unicodedata.normalize("NFKD", column))
    # Up to the last ")", every "(" is closed, which keeps the search linear.
    closed, mark, rest = plain.rpartition(")")
    without_unit = re.sub(r"\(.*?\)", "", closed + mark, flags=re.DOTALL) + rest
    return re.sub(r"[^a-z0-9]+", "_", without_unit.casefold()).strip("_")


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
            present = ""  # listed only once
        elif len(places) > 1:
            several = _list([header[place] for place in places], SEVERAL)
            message = f"{name} matches several columns: {several}"
            yield ValidationIssue("/0", message, name, "unknown")


def _list(header: Sequence[str], most: int) -> str:
    more = ["…"] if len(header) > most else []
    return ", ".join([*map(quote, header[:most]), *more])
