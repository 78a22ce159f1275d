"""A table as people have them: texts, gaps, odd headers, numbers for classes."""

from io import BytesIO

import numpy as np
import pandas as pd

from iris_kedro.pipelines.data_engineering.nodes import SplitData, clean, split
from iris_kedro.specification import Dataset, Split
from iris_kedro.tables.reading import build_load_args
from iris_kedro.tables.validation import RawFileValidator

SPECIFICATION = {
    "name": "passengers",
    "source": "passengers.csv",
    "target": {
        "name": "survived",
        "column": "Survived",
        "classes": [0, 1],
        "positive": 1,
        "labels": {0: "died", 1: "survived"},
    },
    "features": {
        "deck": {"type": "category", "column": "Deck/Klasse", "categories": [1, 2, 3]},
        "sex": {"type": "category", "categories": ["female", "male"]},
        "age": {"unit": "years", "minimum": 0, "maximum": 120, "nullable": True},
        "siblings": {"type": "integer", "minimum": 0, "maximum": 20, "column": "SibSp"},
        "fare": {"column": "Fare $", "minimum": 0, "maximum": 10_000},
        "port": {
            "type": "category",
            "column": "Embarked",
            "categories": ["C", "NA", "None", "true"],
            "nullable": True,
            "unknown": "accept",
        },
        "alone": {"type": "boolean", "nullable": True},
    },
}
HEADERS = {
    "survived": "Survived",
    "deck": "Deck/Klasse",
    "siblings": "SibSp",
    "fare": "Fare $",
    "port": "Embarked",
    "alone": "Alone?",
}


def describe() -> Dataset:
    """Return the specification."""
    return Dataset.model_validate(SPECIFICATION)


def draw(count: int, seed: int = 0) -> pd.DataFrame:
    """Draw rows of the table, by the names of the features; gaps are empty texts."""
    generator = np.random.default_rng(seed)
    sex = generator.choice(["female", "male"], count)
    age = generator.uniform(0.4, 80, count).round(1).astype(str)
    age[generator.random(count) < 0.2] = ""
    port = generator.choice(["C", "NA", "None", "true", "Southampton", ""], count)
    alone = generator.choice(["True", "false", "1", "no", ""], count)
    survives = generator.random(count) < np.where(sex == "female", 0.75, 0.2)
    return pd.DataFrame(
        {
            "survived": survives.astype(int).astype(str),
            "deck": generator.choice(["1", "2", "3"], count),
            "sex": sex,
            "age": age,
            "siblings": generator.integers(0, 5, count).astype(str),
            "fare": generator.exponential(30, count).round(2).astype(str),
            "port": port,
            "alone": alone,
        }
    )


def write(rows: pd.DataFrame) -> bytes:
    """Write rows as the CSV that people would bring, with a column that is not used."""
    named = rows.rename(columns=HEADERS)
    named.insert(0, "Name", "Braund, Mr. Owen")
    text: str = named.to_csv(index=False)
    return text.encode()


def split_rows(content: bytes, dataset: Dataset, parameters: Split) -> SplitData:
    """Read, validate, clean and split a CSV as the pipeline does."""
    raw = pd.read_csv(BytesIO(content), **build_load_args(dataset.load_args))
    valid = RawFileValidator("raw.csv", dataset.model_dump()).validate(raw)
    return split(clean(valid, dataset).data, dataset, parameters)
