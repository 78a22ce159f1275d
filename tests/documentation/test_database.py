"""docs/reference/database.md: its tables are those of the database."""

import re

import pytest

from iris_kedro import prediction_database
from serving.database import tables
from tests.documentation.clone import ROOT

PAGE = (ROOT / "docs/reference/database.md").read_text()


@pytest.mark.parametrize("name", ["predictions", "feedback"])
def test_columns_are_those_of_the_tables(name):
    table = PAGE.split(f"| `{name}` | |\n| --- | --- |\n")[1].split("\n\n")[0]
    keys = [line.split(" | ")[0] for line in table.splitlines()]
    described = re.findall(r"`(\w+)`", " ".join(keys))

    assert described == [each.name for each in getattr(tables, name).columns]
    assert described == [each.name for each in getattr(prediction_database, name).c]
