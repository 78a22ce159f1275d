"""Servers and models for the browser."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.serving.fixtures.gunicorn import Server

WORST = {"serious", "critical"}
HEATING = ["gas", "oil", "wood", "heat pump", "district, shared", "none", "Unknown"]
PLUMAGE = ["brown", "white"]


@pytest.fixture
def serve(filled) -> Callable[..., Server]:
    return filled


@pytest.fixture
def page(serve, open_page) -> Page:
    """Open the page of the iris model."""
    return open_page(serve().url)


@pytest.fixture
def find_barriers() -> Callable[[Page], list[str]]:
    """Return a function that finds what keeps people from using a page."""

    def find(page: Page) -> list[str]:
        found = Axe().run(page).response["violations"]
        return [
            f"{each['id']}: {node['html']} {node['failureSummary']}"
            for each in found
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


def build(
    table: pd.DataFrame,
    features: list[dict[str, Any]],
    labels: np.ndarray,
    target: dict[str, Any],
) -> bytes:
    """Train a model and export it with a contract, as training does."""
    categories = [each for each in features if each["type"] == "category"]
    numbers = [each["name"] for each in features if each["type"] != "category"]
    texts = [each["name"] for each in categories]
    inputs = pd.concat(
        [table[numbers].astype(np.float32), table[texts].fillna("").astype(object)],
        axis=1,
    )
    model = create_model(len(numbers), categories).fit(inputs, labels)
    tensors = []
    if numbers:
        tensors.append(("numbers", FloatTensorType([None, len(numbers)])))
    if texts:
        tensors.append(("categories", StringTensorType([None, len(texts)])))
    exported = to_onnx(model, initial_types=tensors, options={"zipmap": False})
    classes = model.classes_.tolist()
    counts = [int((labels == name).sum()) for name in classes]
    contract = {
        "schema_version": 2,
        "name": target["name"],
        "features": [
            {"description": ""} | each | {"training": describe(table, each)}
            for each in features
        ],
        "target": {"description": "", "classes": classes, "training_counts": counts}
        | target,
        "golden_rows": describe_golden(model, table, inputs),
        "background_rows": list_rows(table[::10]),
    }
    onnx.helper.set_model_props(exported, {"contract": json.dumps(contract)})
    return exported.SerializeToString()


def create_model(numbers: int, categories: list[dict[str, Any]]) -> Pipeline:
    """Create a model of some numbers, which come first, and categories."""
    known = [[*each["categories"], ""] for each in categories]
    encoder = OneHotEncoder(categories=known, handle_unknown="ignore")
    scaler = make_pipeline(SimpleImputer(), StandardScaler())
    first, last = list(range(numbers)), list(range(numbers, numbers + len(known)))
    parts = [part for part in [(scaler, first), (encoder, last)] if part[1]]
    return make_pipeline(make_column_transformer(*parts), LogisticRegression())


def describe(table: pd.DataFrame, feature: dict[str, Any]) -> dict[str, Any]:
    """Describe the values of one column."""
    values = table[feature["name"]]
    missing = {"missing": float(values.isna().mean())}
    if feature["type"] in ("boolean", "category"):
        known = feature.get("categories", [False, True])
        return missing | {"counts": [int((values == each).sum()) for each in known]}
    known_values = values.dropna().astype(float)
    return missing | {
        "mean": float(known_values.mean()),
        "standard_deviation": float(known_values.std()),
        "quantiles": known_values.quantile(np.linspace(0, 1, 11)).tolist(),
    }


def describe_golden(
    model: Pipeline, table: pd.DataFrame, inputs: pd.DataFrame
) -> dict[str, Any]:
    """Describe some rows and their predictions."""
    rows = slice(0, None, max(1, len(table) // 20))
    return {
        "inputs": list_rows(table[rows]),
        "predictions": model.predict(inputs[rows]).tolist(),
        "probabilities": model.predict_proba(inputs[rows]).tolist(),
        "tolerance": 1e-4,
    }


def list_rows(table: pd.DataFrame) -> list[list[Any]]:
    """Return rows as clients send them."""
    values = table.astype(object)
    return values.where(values.notna(), None).to_numpy().tolist()
