from io import BytesIO

import pandas as pd
import pytest
from omegaconf import OmegaConf

from iris_kedro.errors import ProjectError
from iris_kedro.profiling import (
    profile_table,
    read_table,
    write_gate,
    write_specification,
)
from iris_kedro.specification import Card, Dataset
from iris_kedro.tables.reading import build_load_args
from iris_kedro.tables.validation import RawFileValidator, SourceValidator
from tests.iris_kedro import passengers


def load(text):
    return OmegaConf.to_container(OmegaConf.create(text), resolve=True)


def propose(content, target="Survived"):
    data, load_args = read_table(content, target)
    text = write_specification(profile_table(data, target), "mine", "a.csv", load_args)
    return text, load(text)


def test_proposal_is_valid_and_its_own_table_passes():
    content = passengers.write(passengers.draw(300))

    text, proposed = propose(content)

    specification = Dataset.model_validate(proposed["dataset"])
    assert Card.model_validate(proposed["card"]).dataset == "mine"
    validator = SourceValidator(
        "a.csv", proposed["dataset"], build_load_args(specification.load_args)
    )
    assert validator.validate(content) is content
    assert "'Name' is left out" in text or "Name is left out" in text


@pytest.mark.parametrize(
    "odd",
    ["${oc.env:HOME}", "a: b", "#x", "yes", "1e3", "0x1", "ß\u2028x", "'", '"', "-"],
)
def test_unusual_texts_are_read_back_unchanged(odd):
    table = pd.DataFrame(
        {odd: [odd, "other"] * 30, "n": range(60), "t": [odd, "other"] * 30}
    )
    table["kind"] = [odd, "other", "third"] * 20

    text = write_specification(profile_table(table, "t"), "mine", f"{odd}.csv", {})

    dataset = Dataset.model_validate(load(text)["dataset"])
    assert dataset.source == f"{odd}.csv"
    assert set(dataset.target.classes) == {odd, "other"}
    assert set(dataset.features["kind"].categories) == {odd, "other", "third"}


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("mine", {}, "no column of the table can be a feature .there is only the tar"),
        ("mine", {"id": range(60)}, "can be a feature .'id': 60 distinct whole numb"),
        ("My own", {"n": ["1", "2"] * 30}, "for this table: name: String should"),
    ],
)
def test_invalid_specification_is_not_proposed(name, columns, message):
    table = pd.DataFrame({"t": ["x", "y"] * 30, **columns}).astype(str)

    with pytest.raises(ProjectError, match=message):
        write_specification(profile_table(table, "t"), name, "a.csv", {})


@pytest.mark.parametrize(
    ("separator", "decimal", "encoding", "load_args"),
    [
        (",", ".", "utf-8", {}),
        (";", ".", "utf-8", {"sep": ";"}),
        ("\t", ",", "utf-8", {"sep": "\t", "decimal": ","}),
        (";", ",", "cp1252", {"encoding": "cp1252", "sep": ";", "decimal": ","}),
        ("\t", ".", "utf-16", {"encoding": "utf-16", "sep": "\t"}),
    ],
)
def test_separator_decimals_and_encoding_are_found(
    separator, decimal, encoding, load_args
):
    rows = [[f"1{decimal}5", "süß"], [f"2{decimal}75", "b"]] * 20
    text = "\n".join(separator.join(line) for line in [["Größe", "art"], *rows])

    data, found = read_table(text.encode(encoding), "art")

    assert found == load_args
    assert list(data.columns) == ["Größe", "art"]


@pytest.mark.parametrize("mark", ["?", " ?"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_only_text_in_a_column_of_numbers_marks_missing_values(mark, separator):
    decimal = {",": ".", ";": ","}[separator]
    rows = [[f"1{decimal}5", "a", "x"], [mark, mark, "y"], [f"3{decimal}0", "b", "x"]]
    lines = [separator.join(row) for row in [["n", "kind", "t"], *(rows * 20)]]
    content = "\n".join(lines).encode()

    text, proposed = propose(content, "t")

    assert proposed["dataset"]["load_args"]["na_values"] == [mark]
    assert "# na_values: the only texts in columns of numbers" in text
    features = Dataset.model_validate(proposed["dataset"]).features
    assert features["n"].nullable
    assert features["n"].maximum == 3.8
    assert (features["kind"].categories, features["kind"].nullable) == (
        ["a", "b"],
        True,
    )
    load_args = build_load_args(proposed["dataset"]["load_args"])
    data = pd.read_csv(BytesIO(content), **load_args)
    rows = RawFileValidator("a.csv", proposed["dataset"]).validate(data)
    assert rows["n"].isna().sum() == rows["kind"].isna().sum() == 20


def test_dash_in_columns_of_numbers_marks_missing_values():
    content = ("n,m,kind,t\n" + "1.5,-,a,x\n-,2.5,b,y\n3.5,3.5,a,x\n" * 20).encode()

    _, proposed = propose(content, "t")

    assert proposed["dataset"]["load_args"]["na_values"] == ["-"]
    features = Dataset.model_validate(proposed["dataset"]).features
    assert (features["n"].nullable, features["m"].nullable) == (True, True)
    assert not features["kind"].nullable


@pytest.mark.parametrize(
    ("header", "rows", "name", "texts"),
    [
        ("n,kind,My t", "1.5,a,+\n?,b,?\n3.5,b,+\n", "target", ["+", "?"]),
        ("n,kind,My t", "1.5,a,+\n-,b,-\n3.5,b,+\n", "target", ["+", "-"]),
        ("n,kind,My t", "1.5,a,0\n2.5,b,-\n3.5,b,1\n", "target", ["-", "0", "1"]),
        ("n,kind,My t", "1.5,+,x\n-,-,y\n3.5,+,x\n", "kind", ["+", "-"]),
        ("kind,My t", "?,x\n-,y\na,x\n", "kind", ["-", "?", "a"]),
    ],
)
def test_class_or_category_is_no_mark_for_missing_values(header, rows, name, texts):
    text, proposed = propose(f"{header}\n{rows * 20}".encode(), "my_t")

    assert "na_values" not in text
    dataset = proposed["dataset"]
    found = {"target": dataset["target"]["classes"]}
    found |= {
        name: each.get("categories") for name, each in dataset["features"].items()
    }
    assert found[name] == texts


def test_minimum_requirements_are_those_of_the_most_frequent_class():
    table = pd.DataFrame({"a": range(90), "t": ["x", "x", "y"] * 30})

    gate = load(write_gate(profile_table(table, "t")))["model_release"]["gate"]

    assert gate == {"minimum_accuracy": 0.66, "minimum_recall": 0.0}


def test_headers_with_the_same_name_are_distinguished():
    table = pd.DataFrame(
        {"age": range(60), "Age": ["a", "b"] * 30, "AGE": "x", "t": ["x", "y"] * 30}
    )
    content = table.to_csv(index=False).encode()

    text = write_specification(profile_table(table.astype(str), "t"), "m", "a.csv", {})

    dataset = load(text)["dataset"]
    assert dataset["features"]["age_2"]["column"] == "Age"
    validator = SourceValidator("a.csv", dataset, build_load_args({}))
    assert validator.validate(content) is content
