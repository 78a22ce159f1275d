"""Registries with a canary or a guard, and a database of what they answered."""

from datetime import UTC, datetime
from functools import partial

import pytest

from iris_kedro.prediction_database import open_database
from iris_kedro.registry import Trial
from serving.database import schema
from serving.database.engine import connect

SHARE = 0.05


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'predictions.db'}"
    schema.upgrade(connect(url))
    return url


@pytest.fixture
def engine(url):
    return open_database(url)


@pytest.fixture
def answer(url, store_pairs):
    """Return a function that writes rows which both models have predicted."""
    return partial(store_pairs, url)


@pytest.fixture
def make_trial():
    """Return a function that makes a canary at 5 % since noon, or another trial."""

    def make_trial(**changes):
        noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
        fields = {
            "kind": "canary",
            "version": "2",
            "against": "1",
            "since": noon,
            "share": SHARE,
            "share_since": noon,
        }
        return Trial(**{**fields, **changes})

    return make_trial
