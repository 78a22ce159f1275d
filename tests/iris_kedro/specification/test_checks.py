import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.specification import (
    Candidate,
    Dataset,
    Monitoring,
    check_agreement,
    check_decision,
    check_names,
    check_searches,
    check_served_model,
    check_strategy,
)

FEATURE = {"description": "d", "unit": "cm", "minimum": 0.1, "maximum": 20.0}
TARGET = {"name": "species", "classes": ["a", "b"]}
DATASET = {
    "name": "iris",
    "source": "sklearn:iris",
    "target": TARGET,
    "features": {"length": FEATURE},
}

SECTIONS = {
    "dataset": Dataset.model_validate(DATASET),  # as Kedro has built it
    "card": {},
    "data_engineering": {"source": "a.csv", "split": {"what": "Split checks"}},
    "data_science": {"training": {}, "candidates": {}, "export": {}},
    "model_release": {"gate": {}, "strategy": "direct", "canary": {}},
    "monitoring": Monitoring.model_construct(),
}


@pytest.mark.parametrize("name", ["demo", "data_quality", "model_monitoring", "x"])
def test_section_of_another_pipeline_passes(name):
    check_names({**SECTIONS, name: {"anything": 1}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_science": {"training": {}}}, "data_science.candidates is missing$"),
        ({"dataset": {"source": "a.csv"}}, "dataset.name is missing; in conf/<env>/gl"),
        ({"model_release": {}}, "model_release.gate is missing"),
        ({"data_science": 5}, "data_science must contain parameters, but it is 5"),
        ({"model_release": None}, "model_release must contain .* it is None"),
    ],
)
def test_incomplete_section_is_named(change, message):
    with pytest.raises(ProjectError, match=message):
        check_names({**SECTIONS, **change})


def test_missing_section_is_named():
    rest = {name: value for name, value in SECTIONS.items() if name != "data_science"}

    with pytest.raises(ProjectError, match=r"data_science.* is missing"):
        check_names(rest)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"data_enginering": {}},
            "The section 'data_enginering' looks like a misspelled 'data_engineering'",
        ),
        ({"datasets": {}}, "'datasets' looks like a misspelled 'dataset'"),
        (
            {"data_engineering": {"sourc": "a.csv"}},
            "data_engineering has no parameter 'sourc'; did you mean 'source'",
        ),
        (
            {"data_science": {"candidate": {}}},
            "data_science has no parameter 'candidate'; did you mean 'candidates'",
        ),
        (
            {"model_release": {"margin": 0.1}},
            "model_release has .* It has canary, gate, strategy",
        ),
    ],
)
def test_unknown_name_is_reported_with_the_known_ones(parameters, message):
    with pytest.raises(ProjectError, match=message):
        check_names({**SECTIONS, **parameters})


CATALOG = {
    "source_file": {"location": "sklearn:iris"},
    "labelled_source": {"enabled": False, "source": "database"},
    "raw@pandas": {"validator": {"options": {"dataset": DATASET}}},
}


def test_parameters_that_agree_with_the_catalog_pass():
    given = {"data_engineering": {"source": "sklearn:iris"}, "dataset": DATASET}

    check_agreement(given, CATALOG)
    check_agreement({**given, "dataset": Dataset.model_validate(DATASET)}, CATALOG)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_engineering": {"source": "my.csv"}}, "reads 'sklearn:iris': set"),
        ({"dataset": {**DATASET, "name": "other"}}, "differs from globals.yml"),
        (
            {
                "data_engineering": {
                    "source": "sklearn:iris",
                    "labelled_rows": {"enabled": True},
                }
            },
            "labelled_rows.enabled is True, but the catalog reads False: set",
        ),
    ],
)
def test_parameter_that_differs_from_the_catalog_is_named(change, message):
    given = {"data_engineering": {"source": "sklearn:iris"}, "dataset": DATASET}

    with pytest.raises(ProjectError, match=message):
        check_agreement({**given, **change}, CATALOG)


TRAINING = {"scoring": "f1", "folds": 5, "repeats": 2, "random_state": 1, "n_jobs": 1}


def decide(threshold, **target):
    training = {**TRAINING, "threshold": threshold}
    dataset = {**DATASET, "target": {**TARGET, **target}}
    check_decision({"dataset": dataset, "data_science": {"training": training}})


@pytest.mark.parametrize("served", ["iris", ""])
def test_service_of_the_same_model_passes(served):
    check_served_model(SECTIONS, served)


def test_service_of_another_model_is_named():
    with pytest.raises(ProjectError, match="'wine', but the dataset is 'iris'"):
        check_served_model(SECTIONS, "wine")


@pytest.mark.parametrize(
    ("threshold", "target"),
    [(None, {}), ("f1", {"positive": "a"}), (None, {"costs": {"a": {"b": 2}}})],
)
def test_threshold_that_suits_the_target_passes(threshold, target):
    decide(threshold, **target)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({}, "threshold is f1, but .* set dataset.target.positive to one of 'a', 'b'"),
        (
            {"classes": ["a", "b", "c"], "positive": "a"},
            r"3 classes, .* needs two\. Set dataset\.target\.costs",
        ),
        ({"positive": "a", "costs": {"a": {"b": 2}}}, "costs already decide"),
    ],
    ids=["no positive class", "three classes", "costs"],
)
def test_threshold_that_does_not_suit_the_target_is_refused(target, message):
    with pytest.raises(ProjectError, match=message):
        decide("f1", **target)


GRID = {"class": "sklearn.linear_model.LogisticRegression", "grid": {"C": [1.0, 2.0]}}
HALVING = {**GRID, "search": {"method": "halving"}}


@pytest.mark.parametrize(
    ("split", "searched"),
    [
        ({}, HALVING),
        ({"method": "group", "column": "id"}, GRID),
        ({"method": "time", "column": "day"}, {**GRID, "search": {"method": "random"}}),
        ({"method": "time", "column": "day"}, {"class": "not.imported.Here"}),
    ],
)
def test_search_that_suits_the_split_passes(split, searched):
    candidates = {"removed": None, "one": searched}

    check_searches(
        {
            "dataset": {**DATASET, "split": split},
            "data_science": {"candidates": candidates},
        }
    )


@pytest.mark.parametrize("method", ["group", "time"])
def test_halving_is_refused_where_rows_belong_together(method):
    split = {"method": method, "column": "id"}
    dataset = Dataset.model_validate({**DATASET, "split": split})
    candidates = {"one": GRID, "two": Candidate.model_validate(HALVING)}

    with pytest.raises(ProjectError, match=rf"\.two\.search.* by {method}.* to random"):
        check_searches({"dataset": dataset, "data_science": {"candidates": candidates}})


def test_unknown_strategy_is_rejected():
    check_strategy({"model_release": {"strategy": "canary"}})
    with pytest.raises(ProjectError, match="'canry'; it must be one of direct, canary"):
        check_strategy({"model_release": {"strategy": "canry"}})
