"""The measurement of the cost of tracing."""

import importlib
import sys

import pytest


@pytest.fixture
def module(benchmark):
    """Import the module; the fixture has put its folder on the path."""
    yield importlib.import_module("tracing")
    del sys.modules["tracing"]


def test_the_additional_time_of_each_case_is_measured(module):
    with module.receive() as url, module.trace(url, 1.0) as always:
        cases = {
            "off": module.Case(None, module.ENVIRON),
            "on": module.Case(always, module.ENVIRON),
        }
        added = module.compare(cases, rounds=2)
        always._provider.force_flush()

    assert list(added) == ["on"]
    assert added["on"] > 0
    exported = always._spans.labels("exported")._value.get()
    assert exported == 2 * module.REQUESTS
