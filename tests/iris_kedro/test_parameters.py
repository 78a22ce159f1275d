import json

import pytest
from pydantic import TypeAdapter, ValidationError
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

from iris_kedro.errors import ProjectError
from iris_kedro.parameters import (
    Candidate,
    Candidates,
    Dataset,
    Estimator,
    Export,
    Feature,
    Gate,
    Split,
    Target,
    Training,
    check_agreement,
    check_names,
)

CANDIDATES = TypeAdapter(Candidates)
LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
SPLIT = {"test_share": 0.3, "salt": "s", "minimum_rows_per_class": 5}
TRAINING = {
    "scoring": "neg_log_loss",
    "folds": 5,
    "repeats": 2,
    "random_state": 1,
    "n_jobs": 1,
}
EXPORT = {"tolerance": 1e-4, "random_rows": 9, "golden_rows": 9, "random_state": 1}
GATE = {
    "minimum_accuracy": 0.9,
    "minimum_recall": 0.8,
    "maximum_calibration_error": 0.1,
    "latency_budget_ms": 5.0,
    "non_inferiority_margin": 0.05,
    "confidence": 0.95,
    "resamples": 200,
    "random_state": 1,
}
FEATURE = {"description": "d", "unit": "cm", "minimum": 0.1, "maximum": 20.0}
TARGET = {"name": "species", "classes": ["a", "b"]}
DATASET = {
    "name": "iris",
    "source": "sklearn:iris",
    "target": TARGET,
    "features": {"length": FEATURE},
}
NESTED = {"class": "sklearn.calibration.CalibratedClassifierCV"}


def nest(estimator):
    return {**NESTED, "parameters": {"estimator": estimator}}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (Candidate, LOGISTIC),
        (Split, SPLIT),
        (Training, TRAINING),
        (Export, EXPORT),
        (Gate, GATE),
        (Feature, FEATURE),
        (Target, TARGET),
        (Dataset, DATASET),
    ],
)
def test_parameters_refuse_unknown_keys_by_name(model, given):
    model.model_validate(given)

    with pytest.raises(ValidationError, match="surplus"):
        model.model_validate({**given, "surplus": 1})


@pytest.mark.parametrize(
    ("model", "valid", "wrong", "message"),
    [
        (Split, SPLIT, {"test_share": 0}, r"test_share\n.*greater than 0"),
        (Split, SPLIT, {"test_share": 1}, r"test_share\n.*less than 1"),
        (Split, SPLIT, {"test_share": "much"}, r"test_share\n.*valid number"),
        (Split, SPLIT, {"salt": 7}, r"salt\n.*valid string"),
        (Split, SPLIT, {"minimum_rows_per_class": 0}, r"_class\n.*or equal to 1"),
        (Training, TRAINING, {"folds": 1}, r"folds\n.*equal to 2"),
        (Training, TRAINING, {"folds": 2.5}, r"folds\n.*valid integer"),
        (Training, TRAINING, {"n_jobs": 0}, r"n_jobs\n.*equal to 1"),
        (Export, EXPORT, {"tolerance": 0}, r"tolerance\n.*greater than 0"),
        (Export, EXPORT, {"golden_rows": 0}, r"golden_rows\n.*equal to 1"),
        (Gate, GATE, {"minimum_accuracy": 90}, r"minimum_accuracy\n.*less than 1"),
        (Gate, GATE, {"confidence": None}, r"confidence\n.*valid number"),
        (Gate, GATE, {"latency_budget_ms": -1}, r"latency_budget_ms\n.*than 0"),
        (Feature, FEATURE, {"minimum": 20.0}, "minimum 20.0 must be below maximum 20"),
        (Feature, FEATURE, {"minimum": 30.0}, "minimum 30.0 must be below maximum 20"),
        (Feature, FEATURE, {"minimum": float("nan")}, r"minimum\n.*a finite number"),
        (Feature, FEATURE, {"maximum": float("inf")}, r"maximum\n.*a finite number"),
        (Dataset, DATASET, {"features": {"species": FEATURE}}, "is also a feature"),
        (Target, TARGET, {"classes": ["a"]}, r"classes\n.*at least 2 items"),
        (Target, TARGET, {"classes": ["a", "b", "a"]}, "class is named twice"),
        (Target, TARGET, {"name": "My Species"}, r"name\n.*match pattern"),
        (Dataset, DATASET, {"features": {}}, r"features\n.*at least 1 item"),
        (Dataset, DATASET, {"features": {"Length": FEATURE}}, r"Length.*\n.*pattern"),
        (Dataset, DATASET, {"features": {"a__b": FEATURE}}, r"a__b.*\n.*pattern"),
        (Target, TARGET, {"name": "class_"}, r"name\n.*match pattern"),
        (Dataset, DATASET, {"name": "an iris"}, r"name\n.*match pattern"),
    ],
)
def test_impossible_value_is_refused_by_name(model, valid, wrong, message):
    with pytest.raises(ValidationError, match=message):
        model.model_validate({**valid, **wrong})


@pytest.mark.parametrize("missing", sorted(GATE))
def test_missing_parameter_is_named(missing):
    given = {name: value for name, value in GATE.items() if name != missing}

    with pytest.raises(ValidationError, match=rf"{missing}\n.*Field required"):
        Gate.model_validate(given)


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            {"class": "sklearn.linear_model.LogisticRegresion"},
            "there is no class 'sklearn.linear_model.LogisticRegresion'.*full path",
        ),
        ({"class": "no_such_module.Model"}, "there is no class 'no_such_module.Model'"),
        ({"class": "LogisticRegression"}, "there is no class 'LogisticRegression'"),
        ({"class": ""}, "there is no class ''"),
        ({"class": "..."}, "there is no class '...'"),
        (
            {"class": "sklearn.multiclass.OneVsRestClassifier"},
            "OneVsRestClassifier cannot be created: .*missing .*'estimator'",
        ),
        ({"class": "os.getcwd"}, "'os.getcwd' is not a scikit-learn estimator"),
        ({"class": "pathlib.Path"}, "'pathlib.Path' is not a scikit-learn estimator"),
        (
            {"class": "sklearn.gaussian_process.kernels.RBF"},
            "RBF.* cannot be fitted",
        ),
        ({**LOGISTIC, "parameters": {"c": 1.0}}, "has no parameter 'c'.*C, "),
        ({**LOGISTIC, "grid": {"gamma": [1]}}, "has no parameter 'gamma'.*max_iter"),
        ({**LOGISTIC, "grid": {"C": []}}, r"grid.C\n.*at least 1 item"),
        ({**LOGISTIC, "grid": {"C": 1.0}}, r"grid.C\n.*valid list"),
        (
            {**LOGISTIC, "parameters": {"C": "much"}},
            "The 'C' parameter of LogisticRegression must be a float.*Got 'much'",
        ),
        (
            {**LOGISTIC, "grid": {"C": [1.0, -1.0]}},
            "The 'C' parameter of LogisticRegression must be a float.*Got -1.0",
        ),
        (
            nest({"class": "sklearn.svm.SVC", "parameters": {"kernel": "round"}}),
            "The 'kernel' parameter of SVC must be.*Got 'round'",
        ),
        ({**LOGISTIC, "scale": "perhaps"}, r"scale\n.*valid boolean"),
        (
            nest({"class": "sklearn.svm.SVM"}),
            "there is no class 'sklearn.svm.SVM'",
        ),
        (
            nest({"class": "sklearn.svm.SVC", "parameters": {"kernal": "rbf"}}),
            "sklearn.svm.SVC has no parameter 'kernal'.*kernel",
        ),
        (
            {**nest({"class": "sklearn.svm.SVC"}), "grid": {"estimator__c": [1]}},
            "has no parameter 'estimator__c'.*estimator__C",
        ),
    ],
)
def test_wrong_candidate_is_refused_with_what_would_be_right(candidate, message):
    with pytest.raises(ValidationError, match=f"(?s){message}"):
        CANDIDATES.validate_python({"mine": candidate})


def test_error_names_the_candidate():
    wrong = {"class": "sklearn.linear_model.Nothing"}

    with pytest.raises(ValidationError, match=r"^1 validation error .*\nsecond\n"):
        CANDIDATES.validate_python({"first": LOGISTIC, "second": wrong})


@pytest.mark.parametrize(
    ("candidates", "message"),
    [({}, "at least 1 item"), ({"A B": LOGISTIC}, "match pattern")],
)
def test_candidates_need_entries_and_plain_names(candidates, message):
    with pytest.raises(ValidationError, match=message):
        CANDIDATES.validate_python(candidates)


def test_build_creates_nested_estimators():
    estimator = Estimator.model_validate(
        nest({"class": "sklearn.svm.SVC", "parameters": {"kernel": "linear"}})
    ).build()

    assert isinstance(estimator, CalibratedClassifierCV)
    assert isinstance(estimator.estimator, SVC)
    assert estimator.estimator.kernel == "linear"


def test_build_creates_a_new_estimator_each_time():
    candidate = Candidate.model_validate(LOGISTIC)

    assert candidate.build() is not candidate.build()


def test_parameters_are_logged_as_the_json_they_came_from():
    candidate = Candidate.model_validate({**LOGISTIC, "scale": True})

    assert json.loads(str(candidate)) == {
        **LOGISTIC,
        "parameters": {},
        "scale": True,
        "search": {"method": "grid", "iterations": 20},
        "grid": {},
        "distributions": {},
    }


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            {"distributions": {"C": {"distribution": "loguniform", "a": 1, "b": 2}}},
            "set search.method to random or halving",
        ),
        ({"search": {"method": "random"}}, "nothing to search by random"),
        (
            {
                "search": {"method": "random"},
                "distributions": {"C": {"distribution": "lognormal"}},
            },
            "no distribution 'lognormal'; usual ones are loguniform",
        ),
        (
            {
                "search": {"method": "random"},
                "distributions": {"C": {"distribution": "loguniform", "a": 1}},
            },
            "loguniform with {'a': 1}: .*'b'",
        ),
        (
            {
                "search": {"method": "halving"},
                "distributions": {"c": {"distribution": "uniform"}},
            },
            "no parameter 'c'; It has C, class_weight",
        ),
        (
            {
                "search": {"method": "random"},
                "distributions": {"C": {"distribution": "uniform", "loc": -9}},
            },
            "The 'C' parameter of LogisticRegression must be a float",
        ),
        ({"search": {"method": "bayes"}}, "'grid', 'random' or 'halving'"),
    ],
)
def test_search_that_cannot_work_is_refused(candidate, message):
    with pytest.raises(ValidationError, match=message):
        CANDIDATES.validate_python({"mine": {**LOGISTIC, **candidate}})


def test_positive_class_is_one_of_the_classes():
    target = {"name": "species", "classes": ["a", "b"], "positive": "c"}

    with pytest.raises(ValidationError, match="positive is 'c', which is not one of"):
        Target.model_validate(target)


def test_columns_keep_the_order_of_the_configuration():
    features = {"second": FEATURE, "first": FEATURE}

    dataset = Dataset.model_validate({**DATASET, "features": features})

    assert dataset.columns == ["second", "first"]


def test_shipped_parameters_are_valid(read_parameters):
    file = "parameters_data_science.yml"
    candidates = read_parameters(file, "data_science", "candidates")

    names = list(CANDIDATES.validate_python(candidates))

    assert names[:2] == ["logistic_regression", "random_forest"]
    assert len(names) >= 5


SECTIONS = {
    "dataset": Dataset.model_validate(DATASET),  # as Kedro has built it
    "card": {},
    "data_engineering": {"source": "a.csv", "split": {"what": "Split checks"}},
    "data_science": {"training": {}, "candidates": {}, "export": {}},
    "model_release": {"gate": {}},
}


def test_known_names_pass():
    check_names(SECTIONS)


@pytest.mark.parametrize("name", ["demo", "data_quality", "model_monitoring", "x"])
def test_section_of_another_pipeline_passes(name):
    check_names({**SECTIONS, name: {"anything": 1}})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_science": {"training": {}}}, "data_science lacks .* 'candidates'$"),
        ({"dataset": {"source": "a.csv"}}, "dataset lacks .* 'name'; in conf/<env>/gl"),
        ({"model_release": {}}, "model_release lacks the parameter 'gate'"),
        ({"data_science": 5}, "data_science must hold parameters, but it is 5"),
        ({"model_release": None}, "model_release must hold .* it is None"),
    ],
)
def test_section_that_lacks_something_is_named(change, message):
    with pytest.raises(ProjectError, match=message):
        check_names({**SECTIONS, **change})


def test_missing_section_is_named():
    rest = {name: value for name, value in SECTIONS.items() if name != "data_science"}

    with pytest.raises(ProjectError, match="data_science lacks"):
        check_names(rest)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"data_enginering": {}},
            "The section 'data_enginering' looks like a misspelt 'data_engineering'",
        ),
        ({"datasets": {}}, "'datasets' looks like a misspelt 'dataset'"),
        (
            {"data_engineering": {"sourc": "a.csv"}},
            "data_engineering has no parameter 'sourc'; did you mean 'source'",
        ),
        (
            {"data_science": {"candidate": {}}},
            "data_science has no parameter 'candidate'; did you mean 'candidates'",
        ),
        ({"model_release": {"margin": 0.1}}, "model_release has .* It has gate"),
    ],
)
def test_name_that_nothing_reads_is_named_with_what_there_is(parameters, message):
    with pytest.raises(ProjectError, match=message):
        check_names({**SECTIONS, **parameters})


CATALOG = {
    "source_file": {"location": "sklearn:iris"},
    "raw@pandas": {"validator": {"options": {"dataset": DATASET}}},
}


def test_parameters_that_say_what_the_catalog_does_pass():
    given = {"data_engineering": {"source": "sklearn:iris"}, "dataset": DATASET}

    check_agreement(given, CATALOG)
    check_agreement({**given, "dataset": Dataset.model_validate(DATASET)}, CATALOG)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_engineering": {"source": "my.csv"}}, "reads 'sklearn:iris': set"),
        ({"dataset": {**DATASET, "name": "other"}}, "differs from globals.yml"),
    ],
)
def test_parameter_that_the_catalog_does_not_follow_is_named(change, message):
    given = {"data_engineering": {"source": "sklearn:iris"}, "dataset": DATASET}

    with pytest.raises(ProjectError, match=message):
        check_agreement({**given, **change}, CATALOG)


@pytest.mark.parametrize(
    "class_path",
    [
        "sklearn.svm.LinearSVC",
        "sklearn.linear_model.LinearRegression",
        "sklearn.cluster.KMeans",
        "sklearn.preprocessing.StandardScaler",
    ],
)
def test_candidate_without_probabilities_is_refused(class_path):
    with pytest.raises(ValidationError, match="no classifier with probabilities"):
        Candidate.model_validate({"class": class_path})


def test_estimators_may_stand_in_lists():
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}
    voting = {
        "class": "sklearn.ensemble.VotingClassifier",
        "parameters": {"voting": "soft", "estimators": [["bayes", bayes]]},
        "grid": {"bayes__var_smoothing": [1e-9, 1e-3]},
    }

    built = Candidate.model_validate(voting).build()

    assert type(built.estimators[0][1]).__name__ == "GaussianNB"


class Foreign(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


def test_estimator_without_constraints_is_accepted(monkeypatch):
    monkeypatch.setattr("sklearn.naive_bayes.Foreign", Foreign, raising=False)

    assert Candidate.model_validate({"class": "sklearn.naive_bayes.Foreign"})
