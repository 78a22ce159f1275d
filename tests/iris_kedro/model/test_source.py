import pytest

from iris_kedro.model.source import SourceContract, describe_source
from iris_kedro.specification import Dataset
from tests.iris_kedro import passengers


def describe(**load_args) -> SourceContract:
    specification = {**passengers.SPECIFICATION, "load_args": load_args}
    return describe_source(Dataset.model_validate(specification))


def test_only_headers_that_the_specification_names_are_kept():
    assert describe().columns == {
        "deck": "Deck/Klasse",
        "siblings": "SibSp",
        "fare": "Fare $",
        "port": "Embarked",
        "survived": "Survived",
    }


@pytest.mark.parametrize(
    ("load_args", "changes"),
    [
        ({"sep": ";", "decimal": ","}, {"separator": ";", "decimal": ","}),
        ({"delimiter": "\t", "thousands": " "}, {"separator": "\t", "thousands": " "}),
        ({"encoding": "cp1252"}, {"encoding": "cp1252"}),
        ({"thousands": None, "encoding": None}, {}),
        ({"engine": "python", "dtype": "float", "index_col": 0}, {}),
        ({"na_values": "?"}, {"missing": ["?"]}),
        ({"na_values": ["?", " -"]}, {"missing": ["?", " -"]}),
        ({"na_values": {"age": ["?"]}}, {"unsupported": ["na_values"]}),
        (
            {"na_values": [-999], "comment": "#"},
            {"unsupported": ["comment", "na_values"]},
        ),
        ({"sep": None}, {"unsupported": ["sep"]}),
        ({"sep": r"\s+", "skiprows": 2}, {"unsupported": ["sep", "skiprows"]}),
    ],
)
def test_load_args_are_converted_for_the_service(load_args, changes):
    described = describe(**load_args)

    assert described.model_dump(exclude={"columns"}) == SourceContract(
        **changes
    ).model_dump(exclude={"columns"})
