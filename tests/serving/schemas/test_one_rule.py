"""The same rules for names and values on every route and in every format."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from serving import create_app
from serving.config import Config
from serving.model.onnx_model import Model
from tests.serving.fixtures.iris import IRIS, describe_version
from tests.serving.fixtures.passengers import PASSENGERS, make_passengers
from tests.serving.fixtures.tables import build
from tests.serving.schemas.formats import FORMATS, NAMELESS, Row, dump_object

LOW, HIGH = 0.1, 7.9  # of a flower
LAST = IRIS[-1]
VALID: dict[str, dict[str, Any]] = {
    "flower": dict(zip(IRIS, (5.1, 3.5, 1.4, 0.2), strict=True)),
    "traveller": {"age": 22.5, "siblings": 1},  # numbers only, one of them nullable
    "passenger": {"age": 22.5, "siblings": 1, "alone": True, "port": "S", "deck": "1"},
}


@dataclass(frozen=True)
class Case:
    """A row: its difference from a valid one, and whether it is accepted.

    Attributes:
        model: The model to which it is sent.
        without: Parts of the names of formats that cannot express it, or have another
            rule for it.
    """

    model: str
    name: str
    row: Row
    accepted: bool = False
    without: tuple[str, ...] = ()


def change(model: str, feature: str, *values: Any) -> list[Case]:
    """Return cases with another value of a feature."""
    return [
        Case(model, str(value)[:20], [*(VALID[model] | {feature: value}).items()])
        for value in values
    ]


def rename(model: str, name: str, *pairs: tuple[str, Any]) -> Case:
    """Return a case with something else instead of the last feature."""
    row = [*list(VALID[model].items())[:-1], *pairs]
    return Case(model, name, row, without=NAMELESS)


def accepted(model: str, feature: str, *values: Any) -> list[Case]:
    return [replace(each, accepted=True) for each in change(model, feature, *values)]


def only(without: tuple[str, ...], *cases: Case) -> list[Case]:
    return [replace(each, without=(*each.without, *without)) for each in cases]


def float32(number: float, towards: float | None = None) -> float:
    single = np.float32(number)
    if towards is not None:
        single = np.nextafter(single, np.float32(towards))
    return float(single)


HUGE = 10**400
NOT_IN_BYTES, NOT_IN_TEXT, ONLY_IN_JSON = ("binary",), ("CSV", "binary"), ("CSV", "v2")
CASES = [
    *accepted("flower", LAST, 1.5, 2, LOW, HIGH, float32(LOW), float32(HIGH)),
    *change("flower", LAST, float32(LOW, 0), float32(HIGH, 9), 1e30, -1, 0, None),
    *change("flower", LAST, float("nan"), float("inf"), float("-inf")),
    *only(NOT_IN_BYTES, *change("flower", LAST, "much", HUGE)),
    *only(NOT_IN_TEXT, *change("flower", LAST, "1.5", True, [1.5], {})),
    rename("flower", "missing"),
    rename("flower", "unknown beside", (LAST, 1.5), ("colour", 1.5)),
    rename("flower", "unknown instead", ("colour", 1.5)),
    rename("flower", "trailing blank", (f"{LAST} ", 1.5)),
    rename("flower", "leading blank", (f" {LAST}", 1.5)),
    rename("flower", "other case", (LAST.upper(), 1.5)),
    rename("flower", "repeated", (LAST, 1.5), (LAST, 99)),
    *accepted("traveller", "age", None, 0, 0.5),
    *change("traveller", "age", -1, 120.5),
    *accepted("traveller", "siblings", 0, 5.0),
    *change("traveller", "siblings", None, 5.5, 21),
]
PASSENGER_CASES = [
    *accepted("passenger", "age", None, 0, 120, 0.5),
    *change("passenger", "age", -1, 120.5, "young"),
    *only(NOT_IN_BYTES, *change("passenger", "age", HUGE)),
    *only(ONLY_IN_JSON, *change("passenger", "age", "22", True, [22], {})),
    *accepted("passenger", "siblings", 0, 5, 5.0, 20),
    *change("passenger", "siblings", None, 5.5, -1, 21, 20.5, 1e300, "few"),
    *only(ONLY_IN_JSON, *change("passenger", "siblings", "5", True)),
    *accepted("passenger", "alone", True, False, None),
    *change("passenger", "alone", "maybe", 2, 0.5),
    *only(ONLY_IN_JSON, *change("passenger", "alone", 1, 0, "true", [])),
    *accepted("passenger", "port", "C", "never seen", "elsewhere", "\ufffd", None, 5),
    *accepted("passenger", "port", 'a "b", c'),
    *only(ONLY_IN_JSON, *change("passenger", "port", True, 1.5, [], {})),
    *accepted("passenger", "deck", "1", "3", 1, 3),
    *change("passenger", "deck", "4", "01", "1.0", "one", None, 4, -1, "\ufffd"),
    *only(ONLY_IN_JSON, *change("passenger", "deck", "", " 1", True, 1.0, ["1"])),
    *only(ONLY_IN_JSON, *change("passenger", "deck", 10**30)),
    rename("passenger", "missing"),
]
CASES += only(("tensor",), *PASSENGER_CASES)  # a tensor has one type
# One test for each form and model: a thousand small ones take longer to prepare.
WRITABLE: dict[tuple[str, str], list[Case]] = {}
for form in FORMATS:
    for case in CASES:
        if not any(part in form for part in case.without):
            WRITABLE.setdefault((form, case.model), []).append(case)


@pytest.fixture(scope="module")
def clients(iris_bytes, passengers_bytes, tmp_path_factory):
    """Serve each model once for hundreds of cases, which change nothing."""
    folder = tmp_path_factory.mktemp("service")
    table = make_passengers()[["age", "siblings"]]
    labels = np.where(table["siblings"] > 2, "many", "few")
    travellers = build(table, PASSENGERS[:2], labels, {"name": "siblings"})
    contents = dict(zip(VALID, (iris_bytes, travellers, passengers_bytes), strict=True))
    apps = {}
    for name, content in contents.items():
        file = folder / name
        file.write_bytes(content)
        model = Model.load(file, describe_version(content, "3"))
        if name == "flower":  # limits that change in float32
            contract = model.contract
            features = (
                replace(each, minimum=LOW, maximum=HIGH) for each in contract.features
            )
            model.contract = replace(contract, features=tuple(features))
        # A response that nobody closes stays in flight.
        config = Config(store=folder / "store", max_in_flight=10_000)
        apps[name] = create_app(config, model)
    yield {name: app.test_client() for name, app in apps.items()}
    for app in apps.values():
        app.extensions["serving"].stop()


def read_label(answer) -> str:
    """Return the last label of a response in any format."""
    body = answer.json
    if "outputs" in body:
        return body["outputs"][0]["data"][-1]
    return body.get("prediction") or body["predictions"][-1]


@pytest.mark.parametrize(("form", "model"), WRITABLE)
def test_every_format_accepts_the_same(clients, form, model):
    client = clients[model]

    for case in WRITABLE[form, model]:
        answer = FORMATS[form](client, VALID[model], case.row)

        if case.accepted:
            assert answer.status_code == 200, (case, answer.text)
            alone = client.post("/predict", json=dict(case.row))
            assert read_label(answer) == alone.json["prediction"], case
        else:
            assert answer.status_code in (400, 422), (case, answer.text)


def test_the_last_of_repeated_json_keys_counts(clients):
    row = dump_object([*VALID["flower"].items(), (LAST, 1.5)])

    for body, path in [
        (row, "/predict"),
        (f'{{"instances": [{row}]}}', "/predict/batch"),
    ]:
        answer = clients["flower"].post(
            path, data=body, content_type="application/json"
        )
        assert answer.status_code == 200
