"""Hooks of schemathesis: CSV that the model accepts."""

import schemathesis
import schemathesis_state
from hypothesis import strategies as st

HEADER = "sepal_length,sepal_width,petal_length,petal_width"
CELL = st.floats(0.1, 30).map(repr)
ROW = st.lists(CELL, min_size=4, max_size=4).map(",".join)
ROWS = st.lists(ROW, min_size=1, max_size=20).map("\n".join)

# JSON Schema can only describe text by a pattern, without ranges of numbers.
schemathesis.openapi.format("csv", ROWS.map(lambda rows: f"{HEADER}\n{rows}\n"))
schemathesis_state.register(["setosa", "versicolor", "virginica"])
