"""A table with all types of features, for the figures."""

from io import BytesIO

import pandas as pd
import pytest

from iris_kedro.pipelines.data_engineering.nodes import clean
from iris_kedro.tables.reading import build_load_args
from iris_kedro.tables.validation import RawFileValidator
from tests.iris_kedro import passengers


@pytest.fixture(scope="session")
def mixed():
    """Return a specification with numbers, a boolean, categories and gaps."""
    return passengers.describe()


@pytest.fixture(scope="session")
def mixed_raw(mixed):
    """Return the rows of its file."""
    content = BytesIO(passengers.write(passengers.draw(200)))
    raw = pd.read_csv(content, **build_load_args({}))
    return RawFileValidator("raw.csv", mixed.model_dump()).validate(raw)


@pytest.fixture(scope="session")
def mixed_data(mixed, mixed_raw):
    """Return its clean rows."""
    return clean(mixed_raw, mixed).data


@pytest.fixture(scope="session")
def select():
    """Return a function that keeps some features of a specification."""

    def select(dataset, *names):
        features = {name: dataset.features[name] for name in names}
        return dataset.model_copy(update={"features": features})

    return select
