"""An object store for the datasets that read from one."""

from collections.abc import Iterator

import pytest

from tests.object_store import run_object_store


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """Start an object store; return its address."""
    with run_object_store() as url:
        yield url
