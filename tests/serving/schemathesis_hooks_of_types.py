"""Hooks of schemathesis: CSV and integers of a model with all types."""

import csv
import io

import schemathesis
import schemathesis_state
from hypothesis import strategies as st

HEADER = ("age", "siblings", "alone", "port", "deck")
MISSING = st.sampled_from(["", "NA", "null", " "])
PORTS = st.sampled_from(["C", "Q", "S", "never seen", 'else "where", there'])
ROW = st.tuples(
    st.floats(0, 120).map(repr) | MISSING,
    st.integers(0, 20).map(str),
    st.sampled_from(["true", "F", " Yes ", "0"]) | MISSING,
    PORTS | MISSING,
    st.sampled_from(["1", "2", "3"]),
)


def write_csv(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue()


schemathesis.openapi.format(
    "csv", st.lists(ROW, min_size=1, max_size=20).map(write_csv)
)

schemathesis_state.register(["0", "1"])


@schemathesis.hook
def filter_body(_, body: object) -> bool:
    """Omit integers that a JSON parser reads as floats, because they exceed 64 bits.

    An integer may be an unknown category, a float may not. JSON Schema cannot tell
    them apart: with limits, 84.0 would be one of the integers.
    """
    if isinstance(body, dict):
        return all(filter_body(_, value) for value in body.values())
    if isinstance(body, list):
        return all(filter_body(_, value) for value in body)
    return type(body) is not int or -(2**63) <= body < 2**64
