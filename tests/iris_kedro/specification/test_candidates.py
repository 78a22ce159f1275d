import json
import sys

import pytest
from pydantic import TypeAdapter, ValidationError
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import SVC

from iris_kedro.specification import Candidate, Candidates, Estimator

CANDIDATES = TypeAdapter(Candidates)
LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
NESTED = {"class": "sklearn.calibration.CalibratedClassifierCV"}
NOT_FLOAT = "The 'C' parameter of LogisticRegression must be a float.*Got "


def calibrate(name, **parameters):
    """Return a calibrated classifier of sklearn.svm."""
    svm = {"class": f"sklearn.svm.{name}", "parameters": parameters}
    return {**NESTED, "parameters": {"estimator": svm}}


def draw(name, method="random", **bounds):
    """Return a search that draws C from a distribution."""
    drawn = {"C": {"distribution": name, **bounds}}
    return {"search": {"method": method}, "distributions": drawn}


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (
            {"class": "sklearn.linear_model.LogisticRegresion"},
            "LogisticRegresion' cannot be imported .*full path",
        ),
        ({"class": "no_such_module.Model"}, "'no_such_module.Model' cannot be import"),
        ({"class": "LogisticRegression"}, "'LogisticRegression' cannot be imported"),
        ({"class": ""}, "class '' cannot be imported"),
        ({"class": "..."}, "class '...' cannot be imported"),
        (
            {"class": "sklearn.multiclass.OneVsRestClassifier"},
            "OneVsRestClassifier cannot be created: .*missing .*'estimator'",
        ),
        ({"class": "os.getcwd"}, "'os.getcwd' is not a scikit-learn estimator"),
        ({"class": "pathlib.Path"}, "'pathlib.Path' is not a scikit-learn estimator"),
        ({"class": "sklearn.gaussian_process.kernels.RBF"}, "RBF.* cannot be fitted"),
        ({**LOGISTIC, "parameters": {"c": 1.0}}, "has no parameter 'c'.*C, "),
        ({**LOGISTIC, "grid": {"gamma": [1]}}, "has no parameter 'gamma'.*max_iter"),
        ({**LOGISTIC, "grid": {"C": []}}, r"grid.C\n.*at least 1 item"),
        ({**LOGISTIC, "grid": {"C": 1.0}}, r"grid.C\n.*valid list"),
        ({**LOGISTIC, "parameters": {"C": "much"}}, f"{NOT_FLOAT}'much'"),
        ({**LOGISTIC, "grid": {"C": [1.0, -1.0]}}, f"{NOT_FLOAT}-1.0"),
        (calibrate("SVC", kernel="round"), "'kernel' parameter .* SVC .*Got 'round'"),
        ({**LOGISTIC, "scale": "perhaps"}, r"scale\n.*valid boolean"),
        (calibrate("SVM"), "class 'sklearn.svm.SVM' cannot be imported"),
        (calibrate("SVC", kernal="rbf"), "SVC has no parameter 'kernal'.*kernel"),
        (
            {**calibrate("SVC"), "grid": {"estimator__c": [1]}},
            "has no parameter 'estimator__c'.*estimator__C",
        ),
    ],
)
def test_invalid_candidate_is_rejected_with_advice(candidate, message):
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
    estimator = Estimator.model_validate(calibrate("SVC", kernel="linear")).build()

    assert isinstance(estimator, CalibratedClassifierCV)
    assert isinstance(estimator.estimator, SVC)
    assert estimator.estimator.kernel == "linear"


def test_build_creates_a_new_estimator_each_time():
    candidate = Candidate.model_validate(LOGISTIC)

    assert candidate.build() is not candidate.build()


def test_parameters_are_logged_as_json():
    candidate = Candidate.model_validate({**LOGISTIC, "scale": True})

    assert json.loads(str(candidate)) == {
        **LOGISTIC,
        "parameters": {},
        "scale": True,
        "impute": "median",
        "encode": "one_hot",
        "search": {"method": "grid", "iterations": 20},
        "grid": {},
        "distributions": {},
    }


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (draw("loguniform", "grid", a=1, b=2), "set search.method to random or halvi"),
        ({"search": {"method": "random"}}, "nothing to search with the method random"),
        (draw("lognormal"), "no distribution 'lognormal'; common ones are loguniform"),
        (draw("loguniform", a=1), "loguniform with {'a': 1}: .*'b'"),
        (
            {
                "search": {"method": "halving"},
                "distributions": {"c": {"distribution": "uniform"}},
            },
            "no parameter 'c'; It has C, class_weight",
        ),
        (draw("uniform", loc=-9), NOT_FLOAT),
        ({"search": {"method": "bayes"}}, "'grid', 'random' or 'halving'"),
    ],
)
def test_impossible_search_is_rejected(candidate, message):
    with pytest.raises(ValidationError, match=f"(?s){message}"):
        CANDIDATES.validate_python({"mine": {**LOGISTIC, **candidate}})


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
    with pytest.raises(ValidationError, match="not a classifier with probabilities"):
        Candidate.model_validate({"class": class_path})


def test_estimators_may_be_in_lists():
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}
    voting = {
        "class": "sklearn.ensemble.VotingClassifier",
        "parameters": {"voting": "soft", "estimators": [["bayes", bayes]]},
        "grid": {"bayes__var_smoothing": [1e-9, 1e-3]},
    }

    built = Candidate.model_validate(voting).build()

    assert type(built.estimators[0][1]).__name__ == "GaussianNB"


@pytest.mark.parametrize(
    ("missing", "class_path"),
    [
        ("lightgbm", "lightgbm.LGBMClassifier"),
        ("xgboost", "xgboost.XGBClassifier"),
        ("onnxmltools", "lightgbm.LGBMClassifier"),
    ],
)
def test_missing_library_is_named_with_install_instructions(
    monkeypatch, missing, class_path
):
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "iris_kedro.boosting.text_labels", raising=False)

    with pytest.raises(ValidationError) as refused:
        Candidate.model_validate({"class": class_path})

    assert f"class '{class_path}' cannot be imported" in str(refused.value)
    assert missing in str(refused.value)
    assert "run pip install '.[boosting]'" in str(refused.value)


def test_misspelt_class_is_not_reported_as_a_missing_library():
    with pytest.raises(ValidationError, match=r"LGBMClassifer' cannot.*full path"):
        Candidate.model_validate({"class": "lightgbm.LGBMClassifer"})


class Foreign(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X


def test_estimator_without_constraints_is_accepted(monkeypatch):
    monkeypatch.setattr("sklearn.naive_bayes.Foreign", Foreign, raising=False)

    assert Candidate.model_validate({"class": "sklearn.naive_bayes.Foreign"})


class Hidden(Foreign):
    """Hides its parameters in ``**kwargs``, like XGBoost."""

    def __init__(self, depth=3, **others):
        self.depth = depth
        self.others = others

    def get_params(self, deep=True):
        return {"depth": self.depth, "rounds": 100, **self.others}

    def set_params(self, **values):
        self.others |= values
        return self


def test_parameters_hidden_by_kwargs_are_known(monkeypatch):
    monkeypatch.setattr("sklearn.dummy.Hidden", Hidden, raising=False)
    given = {"class": "sklearn.dummy.Hidden", "parameters": {"rounds": 10}}

    assert Candidate.model_validate(given).build().others == {"rounds": 10}
    with pytest.raises(ValidationError, match="has no parameter 'round'; did you mean"):
        Candidate.model_validate({**given, "parameters": {"round": 10}})


def test_packages_are_those_of_nested_estimators_too():
    own = {"class": "tests.iris_kedro.transformers.Squash"}
    steps = [["own", own], ["model", LOGISTIC]]
    pipeline = {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": steps}}
    nested = {**NESTED, "parameters": {"estimator": pipeline}}

    assert Estimator.model_validate(nested).list_packages() == {"sklearn", "tests"}
    assert Estimator.model_validate(LOGISTIC).list_packages() == {"sklearn"}
