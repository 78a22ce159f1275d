"""The registry in memory, in place of one in a file."""

import pytest


@pytest.fixture
def registry(stub_registry):
    return stub_registry
