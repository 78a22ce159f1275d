"""The modules of the serving benchmark, imported as its script does."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "serving"
NAMES = (
    "tensors",
    "contenders",
    "load",
    "server",
    "cpu",
    "report",
    "mixed",
    "models",
    "run",
)


@pytest.fixture
def benchmark(monkeypatch):
    """Import the modules, and forget them afterwards: their names are common."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    for name in NAMES:
        del sys.modules[name]
