"""Fixtures of the tests of monitoring."""

import pytest

from iris_kedro.model.contract import Contract


@pytest.fixture(scope="session")
def challenger_contract(challenger) -> Contract:
    """Return the contract of a good model."""
    return Contract.read(challenger)
