"""The same rules for values and names on every route and in every format."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
GOOD = dict(zip(NAMES, (5.1, 3.5, 1.4, 0.2), strict=True))
LOW, HIGH = 0.1, 7.9
LAST = NAMES[-1]
BINARY = "application/octet-stream"

Pairs = list[tuple[str, Any]]


@dataclass(frozen=True)
class Case:
    """A row: its difference from a valid one, and whether it is accepted."""

    name: str
    pairs: tuple[tuple[str, Any], ...]
    accepted: bool = False

    @property
    def is_named(self) -> bool:
        """Whether the row differs in its names, which not every format has."""
        return tuple(name for name, _ in self.pairs) != NAMES

    @property
    def is_number(self) -> bool:
        return all(type(value) in {int, float} for _, value in self.pairs)

    @property
    def is_json(self) -> bool:
        """Whether the row differs in something that only JSON has."""
        return any(isinstance(value, str | list | dict) for _, value in self.pairs)

    @property
    def fits_float64(self) -> bool:
        return self.is_number and all(number != 10**400 for _, number in self.pairs)


def value(name: str, last: Any, accepted: bool = False) -> Case:
    return Case(name, tuple((GOOD | {LAST: last}).items()), accepted)


def names(name: str, *pairs: tuple[str, Any]) -> Case:
    return Case(name, (*tuple(GOOD.items())[:-1], *pairs))


def float32(number: float, towards: float | None = None) -> float:
    single = np.float32(number)
    return float(
        single if towards is None else np.nextafter(single, np.float32(towards))
    )


CASES = [
    value("in range", 1.5, accepted=True),
    value("whole number", 2, accepted=True),
    value("lower limit", LOW, accepted=True),
    value("upper limit", HIGH, accepted=True),
    value("lower limit as float32", float32(LOW), accepted=True),
    value("upper limit as float32", float32(HIGH), accepted=True),
    value("just below", float32(LOW, 0)),
    value("just above", float32(HIGH, 9)),
    value("far above", 1e30),
    value("negative", -1),
    value("zero", 0),
    value("null", None),
    value("text", "1.5"),
    value("no number", "much"),
    value("boolean", True),
    value("array", [1.5]),
    value("object", {}),
    value("NaN", float("nan")),
    value("infinity", float("inf")),
    value("minus infinity", float("-inf")),
    value("huge whole number", 10**400),
    names("missing"),
    names("unknown beside", (LAST, 1.5), ("colour", 1.5)),
    names("unknown instead", ("colour", 1.5)),
    names("trailing blank", (f"{LAST} ", 1.5)),
    names("leading blank", (f" {LAST}", 1.5)),
    names("other case", (LAST.upper(), 1.5)),
    names("repeated", (LAST, 1.5), (LAST, 99)),
]


def dump_object(pairs: Pairs) -> str:
    """Write an object that may repeat a key."""
    members = (f"{json.dumps(name)}: {json.dumps(number)}" for name, number in pairs)
    return "{" + ", ".join(members) + "}"


def good_values(pairs: Pairs) -> list[float]:
    return [GOOD.get(name, 1.5) for name, _ in pairs]


def columns_of(pairs: Pairs) -> list[str]:
    return [name for name, _ in pairs]


def values_of(pairs: Pairs) -> list[Any]:
    return [number for _, number in pairs]


def post(path: str, content_type: str = "application/json"):
    def send(write: Callable[[Pairs], str]):
        def answer(client, pairs: Pairs):
            body = write(pairs)
            return client.post(path, data=body, content_type=content_type)

        return answer

    return send


def write_records(pairs: Pairs) -> str:
    return f"[{dump_object(list(GOOD.items()))}, {dump_object(pairs)}]"


def write_table(pairs: Pairs) -> str:
    rows = [good_values(pairs), values_of(pairs)]
    return json.dumps({"columns": columns_of(pairs), "data": rows})


def write_csv(pairs: Pairs) -> str:
    cells = ["" if number is None else str(number) for number in values_of(pairs)]
    lines = [columns_of(pairs), map(str, good_values(pairs)), cells]
    return "\n".join(map(",".join, lines)) + "\n"


def write_matrix(pairs: Pairs) -> str:
    return json.dumps([list(GOOD.values()), values_of(pairs)])


def write_named_columns(pairs: Pairs) -> str:
    return dump_object([(name, [GOOD.get(name, 1.5), v]) for name, v in pairs])


def tensor(name: str, shape: list[int], datatype: str, **content: Any) -> dict:
    return {"name": name, "shape": shape, "datatype": datatype, **content}


def write_tensor(datatype: str, *, nested: bool) -> Callable[[Pairs], str]:
    def write(pairs: Pairs) -> str:
        rows = [list(GOOD.values()), values_of(pairs)]
        data = rows if nested else [*rows[0], *rows[1]]
        inputs = [tensor("features", [2, 4], datatype, data=data)]
        return json.dumps({"inputs": inputs})

    return write


def write_column_tensors(pairs: Pairs) -> str:
    return json.dumps(
        {
            "inputs": [
                tensor(name, [2], "FP64", data=[GOOD.get(name, 1.5), number])
                for name, number in pairs
            ]
        }
    )


def send_bytes(datatype: str, *, by_column: bool):
    kind = {"FP32": "<f4", "FP64": "<f8"}[datatype]

    def answer(client, pairs: Pairs):
        table = np.array([good_values(pairs), values_of(pairs)], dtype=kind)
        arrays = [("features", table)]
        if by_column:
            arrays = list(zip(columns_of(pairs), table.T.copy(), strict=True))
        inputs = [
            tensor(
                name,
                list(array.shape),
                datatype,
                parameters={"binary_data_size": array.nbytes},
            )
            for name, array in arrays
        ]
        header = json.dumps({"inputs": inputs}).encode()
        return client.post(
            "/v2/models/iris/infer",
            data=header + b"".join(array.tobytes() for _, array in arrays),
            content_type=BINARY,
            headers={"Inference-Header-Content-Length": str(len(header))},
        )

    return answer


batch, csv_batch = post("/predict/batch"), post("/predict/batch", "text/csv")
invoke, csv_invoke = post("/invocations"), post("/invocations", "text/csv")
infer = post("/v2/models/iris/infer")


def wrap(name: str, write: Callable[[Pairs], str]) -> Callable[[Pairs], str]:
    return lambda pairs: f'{{"{name}": {write(pairs)}}}'


NAMED = {
    "predict": post("/predict")(dump_object),
    "batch instances": batch(wrap("instances", write_records)),
    "batch table": batch(write_table),
    "batch CSV": csv_batch(write_csv),
    "invocations dataframe_split": invoke(wrap("dataframe_split", write_table)),
    "invocations dataframe_records": invoke(wrap("dataframe_records", write_records)),
    "invocations instances by name": invoke(wrap("instances", write_records)),
    "invocations inputs by name": invoke(wrap("inputs", write_named_columns)),
    "invocations CSV": csv_invoke(write_csv),
    "v2 columns": infer(write_column_tensors),
    "v2 binary columns FP32": send_bytes("FP32", by_column=True),
    "v2 binary columns FP64": send_bytes("FP64", by_column=True),
}
NAMELESS = {
    "invocations instances": invoke(wrap("instances", write_matrix)),
    "invocations inputs": invoke(wrap("inputs", write_matrix)),
    "v2 flat FP32": infer(write_tensor("FP32", nested=False)),
    "v2 nested FP64": infer(write_tensor("FP64", nested=True)),
    "v2 binary FP32": send_bytes("FP32", by_column=False),
    "v2 binary FP64": send_bytes("FP64", by_column=False),
}


def can_be_written(form: str, case: Case) -> bool:
    """Return whether a format can express a case."""
    if case.is_named and form in NAMELESS:
        return False
    if "CSV" in form:  # everything is text
        return not case.is_json or case.name == "no number"
    return case.fits_float64 if "binary" in form else True


FORMS = NAMED | NAMELESS
WRITABLE = [
    pytest.param(FORMS[form], case, id=f"{form}: {case.name}")
    for form, case in product(FORMS, CASES)
    if can_be_written(form, case)
]


@pytest.fixture
def narrow_client(make_app, iris):
    """Serve a model whose limits change in float32."""
    features = tuple(
        replace(feature, minimum=LOW, maximum=HIGH)
        for feature in iris.contract.features
    )
    iris.contract = replace(iris.contract, features=features)
    return make_app(iris).test_client()


@pytest.mark.parametrize(("send", "case"), WRITABLE)
def test_every_format_accepts_the_same(narrow_client, send, case):
    answer = send(narrow_client, list(case.pairs))

    if case.accepted:
        assert answer.status_code == 200, answer.text
    else:
        assert answer.status_code in (400, 422)


def test_the_last_of_repeated_json_keys_counts(narrow_client):
    row = dump_object([*GOOD.items(), (LAST, 1.5)])

    for body, path in [
        (row, "/predict"),
        (f'{{"instances": [{row}]}}', "/predict/batch"),
    ]:
        answer = narrow_client.post(path, data=body, content_type="application/json")
        assert answer.status_code == 200
