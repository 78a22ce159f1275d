"""What schemathesis cannot know: how CSV with all types looks."""

import csv
import io

import schemathesis
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
