"""A contract with features of all types, and the service that has loaded it."""

import csv
import io
import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow as pa
from onnx import TensorProto, helper
from prometheus_client import CollectorRegistry

from iris_kedro.model.contract import Contract
from iris_kedro.scoring.rows import Batch
from serving.model.contract.contract import Contract as ServedContract
from serving.model.inputs import Inputs
from serving.model.onnx_model import Model, Version
from serving.monitoring.model_metrics.predictions import (
    PredictionFamilies,
    PredictionMetrics,
)
from serving.schemas.csv_rows import read_csv, read_source
from serving.schemas.issues import InvalidInputError
from serving.schemas.rows import RowReader

DECKS = ["1", "2", "3", "01", "x" * 150, "4, 5", *map(str, range(4, 24))]
PORTS = ["C", "NA", " S", "never seen", "5"]
SOURCE = {
    "columns": {"siblings": "Sib/Sp", "alone": "Alone?"},
    "separator": ";",
    "decimal": ",",
    "thousands": ".",
    "missing": ["-", " n/a", "C"],
}


def number(name: str, low: float, high: float, **changes: Any) -> dict[str, Any]:
    quantiles = [low + (high - low) * share / 20 for share in range(5, 16)]
    training = {"mean": 1.0, "standard_deviation": 1.0, "quantiles": quantiles}
    feature = {"name": name, "type": "number", "description": "", "unit": ""}
    return {**feature, "minimum": low, "maximum": high, "training": training, **changes}


def discrete(name: str, kind: str, counts: list[int], **changes: Any) -> dict[str, Any]:
    feature = {"name": name, "type": kind, "description": "", "nullable": False}
    return {**feature, "training": {"counts": counts}, **changes}


# In single precision, 7.9 is larger.
STATISTICS = {"mean": 1.0, "standard_deviation": 1.0, "quantiles": [2.5, 7.9]}
FEATURES = [
    number("age", 0.0, 120.0, nullable=True, unit="years"),
    discrete("deck", "category", [1, 0, *[2] * 24], categories=DECKS, unknown="reject"),
    number("length", 0.7, 7.9, unit="cm", training=STATISTICS),
    number("siblings", 0.0, 20.0, type="integer"),
    number("grains", -5.0, 16_777_217.0, type="integer", nullable=True),
    discrete("alone", "boolean", [9, 0], nullable=True),
    discrete("member", "boolean", [4, 5]),
    discrete(
        "port",
        "category",
        [3, 0, 5, 1, 1],
        categories=PORTS,
        nullable=True,
        unknown="accept",
    ),
]
GOOD = {
    "age": 22.5,
    "deck": "1",
    "length": 5.1,
    "siblings": 1,
    "grains": 7,
    "alone": True,
    "member": False,
    "port": "C",
}
CELLS = {name: str(value) for name, value in GOOD.items()}
SHOWN = {"length": 5.1, "width": 3.5}
PLAIN = [number("length", 0.7, 7.9, unit="cm"), number("width", -1e38, 1e38)]


def describe(features: list[dict[str, Any]], row: dict[str, Any], **changes: Any):
    """Return a contract as JSON."""
    contract = {
        "schema_version": 2,
        "name": "passengers",
        "candidate": "forest",
        "data_digest": "sha256:data",
        "features": features,
        "target": {
            "name": "survived",
            "description": "",
            "classes": ["0", "1"],
            "training_counts": [1, 1],
        },
        "golden_rows": {
            "inputs": [list(row.values())],
            "predictions": ["0"],
            "probabilities": [[0.5, 0.5]],
            "tolerance": 1e-4,
        },
        "split": {"salt": "s", "test_size": 0.2},
        "metrics": {},
        "source": SOURCE,
    }
    present = {key: value for key, value in (contract | changes).items() if value}
    return json.dumps({"metrics": {}, **present})


ALL_TYPES = describe(FEATURES, GOOD)
NUMBERS_ONLY = describe(PLAIN, SHOWN)
CATEGORIES_ONLY = describe(
    [FEATURES[1], FEATURES[-1]], {"deck": "1", "port": "C"}, source={}
)


class Service:
    """What the service says of rows.

    Args:
        text: The contract.
    """

    def __init__(self, text: str) -> None:
        self.contract = ServedContract.from_json(text)
        self.reader = RowReader(self.contract, max_rows=100_000)

    def read_record(self, record: dict[str, Any]):
        """Return the row of the matrix for a JSON object, or the issues."""
        return self._read(lambda: self.reader.from_records([record], ""))

    def read_cells(self, cells: dict[str, str], layout: str = "contract"):
        """Return the row of the matrix for a row of CSV, or the issues."""
        return self.read_csv(list(cells), list(cells.values()), layout)

    def read_csv(self, names: list[str], cells: list[str], layout: str):
        is_source = layout == "source"
        separator = self.contract.source.separator if is_source else ","
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
        writer.writerows([names, cells])
        read = read_source if is_source else read_csv
        return self._read(lambda: read(text.getvalue().encode(), self.reader))

    @staticmethod
    def _read(read):
        try:
            return read()
        except InvalidInputError as error:
            return [(i.field, i.message, i.reason) for i in error.issues]

    def load(self) -> Model:
        """Return a model that has the inputs of the contract, and repeats them."""
        kinds = {
            "numbers": (TensorProto.FLOAT, "probabilities"),
            "categories": (TensorProto.STRING, "label"),
        }
        texts = [hasattr(each, "categories") for each in self.contract.features]
        wide = {"numbers": texts.count(False), "categories": texts.count(True)}
        used = {name: kind for name, kind in kinds.items() if wide[name]}
        graph = helper.make_graph(
            [helper.make_node("Identity", [i], [o]) for i, (_, o) in used.items()],
            "repeat",
            [
                helper.make_tensor_value_info(name, kind, [None, wide[name]])
                for name, (kind, _) in used.items()
            ],
            [
                helper.make_tensor_value_info(out, kind, [None, wide[name]])
                for name, (kind, out) in used.items()
            ],
        )
        opset = [helper.make_opsetid("", 18)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=9)
        session = ort.InferenceSession(model.SerializeToString())
        inputs = Inputs(self.contract.features, session.get_inputs())
        version = Version("passengers", "1", "run", "sha256:0")
        return Model(session, inputs, self.contract, version)

    def find_out_of_range(self, matrix: np.ndarray) -> np.ndarray:
        families = PredictionFamilies(CollectorRegistry())
        return PredictionMetrics(families, self.load()).find_out_of_range(matrix)


def read_contract(text: str) -> Contract:
    """Read a contract as training does."""
    return Contract.model_validate_json(text)


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: NaN is null, as pandas writes it."""
    if isinstance(value, Decimal):
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def make_batch(columns: dict[str, Any], first: int = 1, **others: Any) -> Batch:
    """Make a batch of Arrow arrays, or of values whose type Arrow guesses."""
    rows = pa.RecordBatch.from_arrays(
        [
            each if isinstance(each, pa.Array) else pa.array(each)
            for each in columns.values()
        ],
        names=list(columns),
    )
    return Batch(rows, np.arange(first, first + rows.num_rows), **others)


def vary(name, values, good=GOOD):
    """Return columns of good values, one of them replaced."""
    fixed = {key: pa.array([value] * len(values)) for key, value in good.items()}
    return fixed | {name: values}


def find_issues(checked, row: int) -> list[tuple[str, str, str]]:
    """Return the issues of a row as the service lists them."""
    found = [each for each in checked.issues if each.row == row]
    return [(each.column, each.reason, each.code) for each in found]
