"""The columns of the features, in the layout of the contract or of the source."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from iris_kedro.errors import ProjectError
from iris_kedro.scoring.validation.issues import quote, shorten
from iris_kedro.tables.texts import standardize_name


def find_named(names: Sequence[str], features: Sequence[str]) -> list[int]:
    """Return the place of each feature among columns that have their names.

    Raises:
        ProjectError: If a feature is missing, or is several columns.
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    found = {feature: places.get(feature, []) for feature in features}
    return _choose(found, names, {})


def is_source(
    names: Sequence[str], features: Sequence[str], columns: Mapping[str, str]
) -> bool:
    """Return whether ``find_source`` finds all features."""
    try:
        find_source(names, features, columns)
    except ProjectError:
        return False
    return True


def find_source(
    names: Sequence[str], features: Sequence[str], columns: Mapping[str, str]
) -> list[int]:
    """Return the place of each feature among columns as in the source, by its rule.

    A column that the contract names is meant as it is spelt; others are found in any
    spelling. A feature whose column is not there may have the contract's name of it.

    Raises:
        ProjectError: If a feature is missing, or could be several columns.
    """
    # As pandas names columns without a header.
    names = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
    named = set(columns.values())
    places: dict[tuple[bool, str], list[int]] = {}
    for place, name in enumerate(names):
        is_exact = name in named or name in features
        spelling = name if is_exact else standardize_name(name)
        places.setdefault((name in named, spelling), []).append(place)
    found = {}
    for feature in features:
        others = places.get((False, feature), [])
        if feature in columns:
            others = [place for place in others if names[place] == feature]
            others = places.get((True, columns[feature]), others)
        found[feature] = others
    return _choose(found, names, columns)


def _choose(
    found: Mapping[str, list[int]], names: Sequence[str], columns: Mapping[str, str]
) -> list[int]:
    """Return the only place of each feature."""
    missing = [feature for feature, places in found.items() if not places]
    if missing:
        wanted = "; ".join(_describe_missing(each, names, columns) for each in missing)
        raise ProjectError(f"{wanted}. The columns are {quote(names) or 'none'}")
    for feature, places in found.items():
        if len(places) > 1:
            several = quote([names[place] for place in places])
            raise ProjectError(f"{feature} matches several columns: {several}")
    return [places[0] for places in found.values()]


def _describe_missing(
    feature: str, names: Sequence[str], columns: Mapping[str, str]
) -> str:
    wanted = columns.get(feature, feature)
    purpose = "" if wanted == feature else f" for {feature}"
    spellings = {standardize_name(name): name for name in reversed(names)}
    nearest = get_close_matches(standardize_name(wanted), spellings, n=1)
    hint = f" (did you mean {shorten(spellings[nearest[0]])!r}?)" if nearest else ""
    return f"there is no column {shorten(wanted)!r}{purpose}{hint}"
