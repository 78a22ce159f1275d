import pickle

import numpy as np
import pytest
from sklearn.base import clone, is_classifier

from iris_kedro.boosting.text_labels import XGBClassifier

CLASSES = ["naïve", "so so", "wise"]


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(90, 2))


@pytest.fixture(params=[2, 3])
def labels(rows, request):
    return np.array(CLASSES)[(rows[:, 0] > 0).astype(int) * (request.param - 1)]


@pytest.fixture
def fitted(rows, labels):
    return XGBClassifier(n_estimators=5, n_jobs=1).fit(rows, labels)


def test_texts_are_learnt_and_predicted(fitted, rows, labels):
    assert fitted.classes_.tolist() == sorted(set(labels))
    assert (fitted.predict(rows) == labels).all()


def test_probabilities_are_in_the_order_of_the_classes(fitted, rows):
    best = fitted.predict_proba(rows).argmax(axis=1)

    assert (fitted.classes_[best] == fitted.predict(rows)).all()


def test_it_can_be_fitted_again_to_other_classes(fitted, rows):
    numbers = np.where(rows[:, 1] > 0, 7, 3)

    fitted.fit(rows, numbers)

    assert fitted.classes_.tolist() == [3, 7]
    assert (fitted.predict(rows) == numbers).mean() > 0.9


def test_it_is_cloned_with_its_parameters(fitted):
    copy = clone(fitted.set_params(max_depth=2))

    assert is_classifier(copy)
    assert (copy.max_depth, copy.n_estimators) == (2, 5)


def test_it_can_be_pickled(fitted, rows):
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301  (written here)

    assert (again.predict(rows) == fitted.predict(rows)).all()
