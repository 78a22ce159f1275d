"""Whole specifications with data, drawn at random: trained, converted and served."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_kedro.datasets.models.storage import compute_digest
from iris_kedro.model.inputs import arrange
from iris_kedro.pipelines.data_science.export import export_onnx
from iris_kedro.pipelines.data_science.nodes import train_candidate
from iris_kedro.specification import Candidate, Dataset, Split, Training
from serving.model.onnx_model import Model, Version
from serving.schemas.rows import RowReader
from tests.iris_kedro import passengers

CANDIDATES = {
    "logistic": {"class": "sklearn.linear_model.LogisticRegression", "scale": True},
    "forest": {
        "class": "sklearn.ensemble.RandomForestClassifier",
        "parameters": {"n_estimators": 5},
        "encode": "ordinal",
    },
}
TRAINING = Training(
    scoring="neg_log_loss", folds=2, repeats=1, random_state=1, n_jobs=1
)
SPLIT = Split(test_size=0.3, salt="s", minimum_rows_per_class=1)

# A raw file and a specification are text: no surrogates, and blanks around are lost.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=9,
).filter(lambda text: text == text.strip())
VALUES = st.lists(
    TEXTS | st.sampled_from(["None", "NA", "true", "1", "0.5", "="]),
    min_size=2,
    max_size=4,
    unique=True,
)
NUMBERS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["number", "integer"]),
        "minimum": st.integers(-1000, 0),
        "maximum": st.integers(1, 100_000),
        "nullable": st.booleans(),
    }
)
CATEGORIES = st.fixed_dictionaries(
    {
        "type": st.just("category"),
        "categories": VALUES,
        "nullable": st.booleans(),
        "unknown": st.sampled_from(["reject", "accept"]),
    }
)
BOOLEANS = st.fixed_dictionaries(
    {"type": st.just("boolean"), "nullable": st.booleans()}
)
# A number at least: equal rows stay on one side, so that some must differ.
FEATURES = st.builds(
    lambda number, others: [{**number, "type": "number"}, *others],
    NUMBERS,
    st.lists(NUMBERS | CATEGORIES | BOOLEANS, max_size=4),
)


@st.composite
def tables(draw):
    """Draw a specification and a CSV that follows it."""
    features = draw(FEATURES)
    headers = draw(
        st.lists(
            TEXTS, min_size=len(features) + 1, max_size=len(features) + 1, unique=True
        )
    )
    classes = draw(VALUES)
    dataset = Dataset.model_validate(
        {
            "name": "drawn",
            "source": "drawn.csv",
            "target": {"name": "t", "column": headers[-1], "classes": classes},
            "features": {
                f"f{place}": {**feature, "column": headers[place]}
                for place, feature in enumerate(features)
            },
            "rows": {"maximum_loss": 1.0},
        }
    )
    generator = np.random.default_rng(draw(st.integers(0, 1_000)))
    rare = draw(st.sampled_from([1.0, 0.3]))
    count = 150
    y = generator.choice(len(classes), count, p=_weigh(len(classes), rare))
    columns = {
        header: _fill(feature, y, generator)
        for header, feature in zip(headers, dataset.features.values(), strict=False)
    }
    columns[headers[-1]] = np.array(dataset.target.classes, object)[y]
    return dataset, pd.DataFrame(columns).to_csv(index=False).encode()


def _weigh(count, rare):
    weights = np.array([rare, *[1.0] * (count - 1)])
    return weights / weights.sum()


def _fill(feature, y, generator):
    """Fill a column that says something about the class; some values are missing."""
    count = len(y)
    if feature.type == "boolean":
        values = np.where(generator.random(count) < 0.2 + 0.2 * y, "true", "no")
    elif feature.type == "category":
        places = (y + generator.integers(0, 2, count)) % len(feature.categories)
        values = np.array(feature.categories, object)[places]
    else:
        span = feature.maximum - feature.minimum
        share = np.clip(0.2 * y + generator.random(count) / 2, 0, 1)
        numbers = feature.minimum + span * share
        values = numbers.round() if feature.type == "integer" else numbers
    values = np.array(values, object)
    if feature.nullable:
        values[generator.random(count) < 0.2] = ""
    return values


@pytest.mark.slow
@given(table=tables(), name=st.sampled_from(sorted(CANDIDATES)))
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_service_answers_as_scikit_learn_does_whatever_the_table(
    table, name, export_parameters, describe_model, tmp_path_factory
):
    dataset, content = table
    sides = passengers.split_rows(content, dataset, SPLIT)
    candidate = Candidate.model_validate(CANDIDATES[name])

    trained = train_candidate(name, sides.train, dataset, candidate, TRAINING)
    exported = export_onnx(trained, sides.train, dataset, export_parameters)
    assert exported.reason == ""
    model = describe_model(exported, sides, dataset, split=SPLIT)
    served = serve(model, tmp_path_factory.mktemp("model") / "model.onnx")

    reader = RowReader(served.contract, 1_000)
    answer = served.predict(reader.from_records(write_records(sides.test, dataset), ""))
    expected = trained.model.predict_proba(arrange(sides.test, dataset.features))
    np.testing.assert_allclose(answer.probabilities, expected, atol=1e-4)


def serve(model, path):
    """Load a model as the service does, which replays its golden rows."""
    content = model.SerializeToString()
    path.write_bytes(content)
    return Model.load(path, Version("drawn", "1", "", compute_digest(content)))


def write_records(rows, dataset):
    """Write rows as clients do in JSON."""
    return [
        {
            name: show(row[name], dataset.features[name].type)
            for name in dataset.features
        }
        for row in rows.to_dict("records")
    ]


def show(value, kind):
    if pd.isna(value):
        return None
    return bool(value) if kind == "boolean" else value
