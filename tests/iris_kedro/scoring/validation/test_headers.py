"""Which columns are the features."""

import numpy as np
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.scoring.validation import Validator
from tests.iris_kedro.scoring.validation.service import (
    ALL_TYPES,
    CELLS,
    GOOD,
    NUMBERS_ONLY,
    Service,
    describe,
    find_issues,
    make_batch,
    number,
    read_contract,
)

HEADERS = [
    "Age (years)",
    "DECK",
    "Length",
    "Sib/Sp",
    "grains",
    "Alone?",
    "member",
    "port",
]


def check(names, layout="contract", text=ALL_TYPES):
    Validator(read_contract(text), layout).find_columns(names)


def fail(names, layout="contract", text=ALL_TYPES):
    with pytest.raises(ProjectError) as caught:
        check(names, layout, text)
    return str(caught.value)


def test_columns_may_be_in_any_order_among_others():
    check(["id", *reversed(GOOD), "id"])


def test_missing_columns_are_named_with_what_is_close():
    assert fail(["lenght", "Width (cm)"], text=NUMBERS_ONLY) == (
        "there is no column 'length' (did you mean 'lenght'?); there is no column"
        " 'width' (did you mean 'Width (cm)'?). The columns are 'lenght', 'Width (cm)'"
    )


def test_rows_without_columns_are_an_error():
    assert fail([], text=NUMBERS_ONLY).endswith("'width'. The columns are none")


def test_a_long_list_of_columns_is_shortened():
    message = fail([f"column {number}" for number in range(100)], text=NUMBERS_ONLY)

    assert message.endswith("'column 18', 'column 19', …")


def test_the_headers_of_the_source_need_its_layout():
    assert fail(HEADERS).endswith(". With batch_inference.layout=source, all are found")
    assert "layout" not in fail(HEADERS[1:])


def test_a_duplicate_column_is_ambiguous():
    assert fail([*GOOD, "age"]) == "age matches several columns: 'age', 'age'"
    assert fail([*HEADERS, "AGE"], "source") == (
        "age matches several columns: 'Age (years)', 'AGE'"
    )


def test_a_missing_column_has_the_name_that_the_source_gives_it():
    names = [name.replace("Sib/Sp", "SibSp") for name in HEADERS]

    assert fail(names, "source").startswith(
        "there is no column 'Sib/Sp' for siblings (did you mean 'SibSp'?). The columns"
    )


@pytest.mark.parametrize(
    "names",
    [
        HEADERS,
        [*HEADERS, "siblings", "alone", ""],
        list(GOOD),
        ["Siblings", *GOOD],
        [name.replace("Sib/Sp", "sib/sp") for name in HEADERS],
        [*HEADERS, "Sib/Sp"],
        [*HEADERS[1:], "", "AGE"],
        [*HEADERS[1:], "age", "Age"],
        HEADERS[1:],
    ],
)
def test_the_source_has_the_columns_that_the_service_finds(names):
    # Each cell is its own place, so that an issue shows where it was.
    service = Service(ALL_TYPES)
    values = dict(
        zip(HEADERS, (GOOD | {"length": "5,1", "age": "22,5"}).values(), strict=True)
    )
    by_feature = values | dict(zip(GOOD, values.values(), strict=True))
    cells = [str(by_feature.get(name, "22,5")) for name in names]

    answer = service.read_csv(names, cells, "source")

    is_found = not isinstance(answer, list)
    if is_found:
        check(names, "source")
    else:
        assert {reason for _, _, reason in answer} <= {"missing", "unknown"}
        fail(names, "source")


@pytest.mark.parametrize("header", ["Length (cm)", "LENGTH"])
def test_columns_without_a_name_and_features_in_capitals_are_found(header):
    features = [number(header, 0, 1), number("a", 0, 1)]
    source = {"columns": {"a": "Unnamed: 2"}}
    text = describe(features, {header: 1, "a": 0}, source=source)

    assert isinstance(
        Service(text).read_csv([header, "x", ""], ["1", "y", "0"], "source"), np.ndarray
    )
    check([header, "x", ""], "source", text)


def test_issues_name_columns_as_the_file_does():
    contract = read_contract(ALL_TYPES)
    cells = dict(zip(HEADERS, (CELLS | {"siblings": "x"}).values(), strict=True))
    cells |= {"Length": "5,1", "Age (years)": "1"}

    checked = Validator(contract, "source", text=True).check(
        make_batch({name: [text] for name, text in cells.items()})
    )

    assert find_issues(checked, 1) == [
        ("Sib/Sp", "must be an integer, not a string", "type")
    ]


@pytest.mark.parametrize(
    ("source", "text", "message"),
    [
        ({}, False, "layout=source needs a model that says how its file is written"),
        ({"unsupported": ["quotechar"]}, True, "as training does, with quotechar: "),
    ],
)
def test_layouts_that_the_service_cannot_read_are_refused(source, text, message):
    contract = read_contract(describe([number("a", 0, 1)], {"a": 1}, source=source))

    with pytest.raises(ProjectError, match=message):
        Validator(contract, "source", text)


def test_typed_rows_do_not_depend_on_how_text_is_written():
    source = {"unsupported": ["quotechar"], "columns": {"a": "A!"}}
    contract = read_contract(describe([number("a", 0, 1)], {"a": 1}, source=source))

    Validator(contract, "source").find_columns(["A!"])
