"""Servers and models for the browser."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sklearn.datasets import load_breast_cancer

from tests.serving.fixtures.gunicorn import Server
from tests.serving.fixtures.tables import build

WORST = {"serious", "critical"}
HEATING = ["gas", "oil", "wood", "heat pump", "district, shared", "none", "Unknown"]
PLUMAGE = ["brown", "white"]


@pytest.fixture
def serve(shared) -> Callable[..., Server]:
    """Serve a model; tests that disturb the service start a server of their own."""
    return shared


@pytest.fixture
def page(serve, visit) -> Page:
    """Open the page of the iris model."""
    return visit(serve().url)


@pytest.fixture
def find_barriers() -> Callable[[Page], list[str]]:
    """Return a function that finds what keeps people from using a page."""

    def find(page: Page) -> list[str]:
        # What it need not report, it need not describe.
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        return [
            f"{each['id']}: {node['html']} {node['failureSummary']}"
            for each in found.response["violations"]
            if each["impact"] in WORST
            for node in each["nodes"]
        ]

    return find


@pytest.fixture(scope="session")
def tumors_bytes() -> bytes:
    """Build a model of thirty numbers, whose classes have labels."""
    data = load_breast_cancer()
    table = pd.DataFrame(data.data, columns=data.feature_names)
    features = [
        {"name": name, "type": "number", "unit": "mm", "minimum": 0, "maximum": 1e6}
        for name in table
    ]
    target = {"name": "tumor", "labels": {"0": "malignant", "1": "benign"}}
    return build(table, features, data.target.astype(str), target)


@pytest.fixture(scope="session")
def houses_bytes() -> bytes:
    """Build a model of long numbers, long lists and names with odd characters."""
    rng = np.random.default_rng(0)
    prices = rng.integers(100_000, 12_345_678, 400)
    table = pd.DataFrame(
        {
            "price/m² ~ (EUR)": prices.astype(object),
            "heating": rng.choice(HEATING[:-1], 400).astype(object),
            "insured": rng.random(400) < 0.5,
        }
    )
    table.loc[::7, "heating"] = None
    features: list[dict[str, Any]] = [
        {"type": "integer", "unit": "EUR", "minimum": 0, "maximum": 1e8},
        {"type": "category", "categories": HEATING, "nullable": True},
        {"type": "boolean"},
    ]
    for name, feature in zip(table, features, strict=True):
        feature["name"] = name
    labels = np.where((prices > 5e6) ^ (table["heating"] == "wood"), "dear", "cheap")
    return build(table, features, labels, {"name": "price_class"})


@pytest.fixture(scope="session")
def letters_bytes() -> bytes:
    """Build a model of many classes."""
    table = pd.DataFrame({"place": np.arange(26.0).repeat(4)})
    labels = np.array([chr(ord("a") + int(place)) for place in table["place"]])
    feature = {"name": "place", "type": "number", "minimum": 0, "maximum": 30}
    return build(table, [feature | {"unit": ""}], labels, {"name": "letter"})


@pytest.fixture(scope="session")
def birds_bytes() -> bytes:
    """Build a model with a single feature, which may be missing."""
    plumage = np.array(PLUMAGE * 50, object)
    labels = np.where(plumage == "white", "swan", "duck")
    table = pd.DataFrame({"plumage": plumage})
    table.loc[::9, "plumage"] = None
    feature = {"name": "plumage", "type": "category", "categories": PLUMAGE}
    return build(table, [feature | {"nullable": True}], labels, {"name": "bird"})
