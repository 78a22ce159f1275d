"""Guesses the type of a column and gives the evidence."""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from iris_kedro.tables.texts import FLAGS, MISSING

MOST_CATEGORIES = 50  # a column with more is text, or an identifier
FEW_NUMBERS = 10  # distinct whole numbers that could be codes
SHARE_OF_UNIQUE = 0.95  # of whole numbers, to count as an identifier
HEAD_ROOM = 0.5  # added on each side, as a share of the observed range
SHOWN = 5
ID_NAME = re.compile(r"(^|_)(id|key|uuid|guid|index|nr|no)$")
UNIT = re.compile(r"\(([^()]+)\)\s*$")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}")


@dataclass(frozen=True)
class Guess:
    """The proposal for a column, and the evidence for it.

    Attributes:
        column: Its header in the source.
        name: The name of the feature.
        feature: Its entry in the specification; None if it is left out.
        evidence: The evidence.
        is_shared: Whether another header is a spelling of the same name.
    """

    column: str
    name: str
    feature: dict[str, Any] | None
    evidence: str
    is_shared: bool = False

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry in the specification, with the header if it is not the name."""
        is_clear = self.column == self.name and not self.is_shared
        column = {} if is_clear else {"column": self.column}
        return {**(self.feature or {}), **column}


def guess_feature(column: str, name: str, texts: "pd.Series[str]") -> Guess:
    """Guess the type of a column."""
    values = texts.str.strip()
    present = values[~values.isin(MISSING)]
    gaps = len(values) - len(present)
    distinct = present.nunique()
    if distinct <= 1:
        only = f"always {present.iloc[0]!r}" if distinct else "always empty"
        return Guess(column, name, None, f"{only}")
    feature, evidence = _guess_type(name, present, distinct)
    unit = UNIT.search(column)
    if unit and feature is not None and "minimum" in feature:
        feature["unit"] = " ".join(unit[1].split())
    if feature is not None and gaps:
        feature["nullable"] = True
    if gaps:
        evidence += f"; {gaps:,} of {len(values):,} missing"
    return Guess(column, name, feature, evidence)


def _guess_type(
    name: str, present: "pd.Series[str]", distinct: int
) -> tuple[dict[str, Any] | None, str]:
    flags = present.str.lower().map(FLAGS)
    if flags.notna().all() and flags.nunique() == distinct == 2:  # noqa: PLR2004
        return {"type": "boolean"}, " and ".join(sorted(present.unique()))
    numbers = pd.to_numeric(present, errors="coerce")
    if numbers.notna().all() and np.isfinite(numbers).all():
        return _guess_number(name, numbers.astype(float), distinct)
    return _guess_text(present, distinct)


def _guess_number(
    name: str, numbers: "pd.Series[float]", distinct: int
) -> tuple[dict[str, Any] | None, str]:
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return None, f"always {low:g}"
    is_whole = bool((numbers == numbers.round()).all())
    is_unique = distinct >= SHARE_OF_UNIQUE * len(numbers)
    seen = f"{low:g} to {high:g}"
    if (
        is_whole
        and is_unique
        and (ID_NAME.search(name) or numbers.is_monotonic_increasing)
    ):
        return None, f"{distinct:,} distinct whole numbers: an identifier"
    kind = {"type": "integer"} if is_whole else {}
    minimum, maximum = widen(low, high, is_whole=is_whole)
    feature = {**kind, "minimum": minimum, "maximum": maximum}
    if is_whole and distinct <= FEW_NUMBERS:
        values = ", ".join(f"{each:g}" for each in sorted(numbers.unique()))
        return feature, f"{values}: change to a category if these are codes"
    return feature, seen


def _guess_text(
    present: "pd.Series[str]", distinct: int
) -> tuple[dict[str, Any] | None, str]:
    examples = ", ".join(repr(each) for each in present.unique()[:2])
    if present.str.match(DATE).all():
        return None, f"dates such as {examples}: derive numbers from them"
    if distinct > MOST_CATEGORIES and distinct >= len(present) / 2:
        return (None, f"{distinct:,} distinct texts, such as {examples}")
    counts = present.value_counts()
    if distinct > MOST_CATEGORIES:
        categories = sorted(counts.index[:MOST_CATEGORIES])
        return (
            {"type": "category", "categories": categories, "unknown": "accept"},
            f"the {MOST_CATEGORIES} most frequent of {distinct:,} distinct texts",
        )
    shown = ", ".join(f"{name} {count:,}" for name, count in counts[:SHOWN].items())
    more = f" and {distinct - SHOWN} more" if distinct > SHOWN else ""
    return {"type": "category", "categories": sorted(counts.index)}, f"{shown}{more}"


def widen(low: float, high: float, *, is_whole: bool) -> tuple[float, float]:
    """Return a range around the observed values, with head room and round limits.

    It contains no negative numbers if none were observed.
    """
    room = HEAD_ROOM * (high - low)
    step = 10.0 ** np.floor(np.log10(room))
    minimum = min(_round(np.floor(_round((low - room) / step)) * step), low - room)
    maximum = max(_round(np.ceil(_round((high + room) / step)) * step), high + room)
    if low >= 0:
        minimum = max(minimum, 0.0)
    if is_whole:
        return math.floor(minimum), math.ceil(maximum)
    return minimum, maximum


def _round(limit: float) -> float:
    return float(f"{limit:.12g}")
