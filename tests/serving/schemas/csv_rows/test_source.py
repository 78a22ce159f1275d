"""CSV in the format of the model's training data."""

from dataclasses import replace

import numpy as np
import pytest

from serving.model.contract.source import Source
from serving.schemas.csv_rows import read_csv, read_source
from serving.schemas.csv_rows.header import MOST_COLUMNS
from serving.schemas.issues import InvalidInputError, MalformedError, TooManyRowsError
from serving.schemas.rows import RowReader

NAMES = "sepal_length,sepal_width,petal_length,petal_width"
SPELT = "Sepal Length (cm),sepal-width,id,PETAL LENGTH,petal_width,species"
NAMED = {"siblings": "Sib/Sp", "alone": "Alone?", "survived": "port (of call)"}
HEADER = "Name;port;AGE (years);Sib/Sp;Alone?;Deck;port (of call)"


@pytest.fixture
def reader(iris) -> RowReader:
    return RowReader(iris.contract, max_rows=3)


@pytest.fixture
def build(passengers):
    """Build a reader of a source of all types."""

    def build(**changes) -> RowReader:
        source = Source(NAMED, ";", ",", ".", "cp1252")
        contract = replace(passengers.contract, source=replace(source, **changes))
        return RowReader(contract, max_rows=100)

    return build


def find_issues(text: str, reader: RowReader, encoding: str = "utf-8"):
    with pytest.raises(InvalidInputError) as caught:
        read_source(text.encode(encoding), reader)
    return [(each.pointer, each.message, each.row) for each in caught.value.issues]


def test_headers_are_found_in_any_spelling_and_other_columns_are_ignored(reader):
    rows = read_source(f"{SPELT}\n5.1,3.5,x,1.4,0.2,setosa\n".encode(), reader)

    assert rows.tolist() == [pytest.approx([5.1, 3.5, 1.4, 0.2])]


def test_the_contract_determines_the_format(build):
    text = f'{HEADER}\r\nBéla;S;"1,5";1.0;ja?;2;C\r\n;"Q";;1.1;no;1;\r\n'

    rows = read_source(
        text.replace("ja?", "T").replace("1.1", "2").encode("cp1252"), build()
    )

    expected = [[1.5, 10, 1, 2, 1], [np.nan, 2, 0, 1, 0]]
    assert np.array_equal(rows, expected, equal_nan=True)


def test_a_column_may_have_the_name_in_the_contract(build):
    text = "siblings;age;alone;port;deck\n1;2;t;S;3\n"

    assert read_source(text.encode(), build()).tolist() == [[2, 1, 1, 2, 2]]


@pytest.mark.parametrize(
    ("header", "messages"),
    [
        (
            "a,sepal width,petal length,petal-width",
            [
                "sepal_length is missing; the header has 'a', 'sepal width',"
                " 'petal length', 'petal-width'"
            ],
        ),
        (
            f"{NAMES},Sepal Width",
            ["sepal_width matches several columns: 'sepal_width', 'Sepal Width'"],
        ),
        (
            f"{NAMES},petal_width",
            ["petal_width matches several columns: 'petal_width', 'petal_width'"],
        ),
        (
            NAMES.replace(",", ";"),
            [
                "sepal_length is missing; the header has"
                f" {NAMES.replace(',', ';')!r}; columns are separated by ','",
                *(f"{name} is missing" for name in NAMES.split(",")[1:]),
            ],
        ),
        (
            f"{NAMES}{',' * (MOST_COLUMNS + 1)}",
            [f"must have at most {MOST_COLUMNS + 4} columns, not {MOST_COLUMNS + 5}"],
        ),
    ],
)
def test_missing_and_ambiguous_columns_are_reported(reader, header, messages):
    issues = find_issues(f"{header}\n5.1,3.5,1.4,0.2\n", reader)

    assert issues == [("/0", message, 0) for message in messages]


def test_a_missing_column_is_named_as_in_the_source(build):
    issues = find_issues(HEADER.replace("Sib/Sp", "SibSp"), build())

    assert [message for _, message, _ in issues] == [
        "siblings is missing: there is no column 'Sib/Sp'; the header has 'Name',"
        " 'port', 'AGE (years)', 'SibSp', 'Alone?', 'Deck', 'port (of call)'"
    ]


def test_long_headers_are_not_listed_completely(reader):
    header = ",".join(map(str, range(1000)))

    (_, message, _), *_ = find_issues(header, reader)

    assert message.endswith("'18', '19', …")


@pytest.mark.parametrize(
    ("lines", "issue"),
    [
        ("5.1,3.5,7,1.4,big,setosa", ("/1/petal_width", 2)),
        ("\n\n5.1,3.5,7,1.4,big,setosa", ("/1/petal_width", 4)),
        ("5.1,3.5,7,1.4,0.2,x\n  \n5.1,,7,1.4,1,x", ("/2/sepal_width", 4)),
        ('5.1,3.5,"a\nb",1.4,0.2,x\n5.1,3.5,7,1.4', ("/2", 3)),
        ('5.1,3.5,7,1.4,"""1""",x', ("/1/petal_width", 2)),
    ],
)
def test_an_issue_has_the_number_of_the_row_in_the_file(reader, lines, issue):
    ((pointer, _, row),) = find_issues(f"{SPELT}\n{lines}\n", reader)

    assert (pointer, row) == issue


@pytest.mark.parametrize("blank", ["", "\n"])
def test_rows_of_plain_numbers_are_numbered_alike(reader, blank):
    text = f"{NAMES}\n5.1,3.5,1.4,0.2\n{blank}5.1,3.5,1.4\n5.1,x,1.4,1\n"

    with pytest.raises(InvalidInputError) as caught:
        read_csv(text.encode(), reader)

    first = 3 + blank.count("\n")
    assert [issue.row for issue in caught.value.issues] == [first, first + 1]


def test_plain_numbers_may_be_surrounded_by_any_whitespace(reader):
    rows = read_csv(f"{NAMES}\n\xa05.1,3.5,1.4,0.2\n".encode(), reader)

    assert rows.tolist() == [pytest.approx([5.1, 3.5, 1.4, 0.2])]


@pytest.mark.parametrize(
    "text", [f'{SPELT}\n5.1,"3.5\n', f'{SPELT}\n"5.1"x,3.5\n', "a\0b"]
)
def test_invalid_csv_is_malformed(reader, text):
    with pytest.raises(MalformedError):
        read_source(text.encode(), reader)


def test_another_encoding_is_malformed(reader):
    with pytest.raises(MalformedError, match="The body is not valid UTF-8"):
        read_source(f"{SPELT}\nü".encode("cp1252"), reader)


def test_rows_are_limited(reader):
    row = "5.1,3.5,7,1.4,0.2,setosa\n"

    with pytest.raises(TooManyRowsError):
        read_source(f"{SPELT}\n{row * 4}".encode(), reader)


def test_unsupported_options_of_training_are_refused(build):
    ((pointer, message, _),) = find_issues(
        HEADER, build(unsupported=("comment", "skiprows"))
    )

    assert pointer == ""
    assert message == (
        "cannot be read: the options comment, skiprows are unsupported; omit layout"
    )


def test_an_older_contract_does_not_describe_its_source(passengers):
    reader = RowReader(passengers.contract, max_rows=3)

    ((pointer, message, _),) = find_issues("age,siblings\n1,2\n", reader)

    assert pointer == ""
    assert message == (
        "cannot be read: the model does not describe its training data; omit layout"
    )


def test_an_unknown_column_without_a_layout_gives_advice(reader):
    with pytest.raises(InvalidInputError) as caught:
        read_csv(f"{NAMES},species\n".encode(), reader)

    (issue,) = caught.value.issues
    assert issue.message == (
        "'species' is not an input of the model; "
        "/predict/batch?layout=source ignores other columns"
    )
