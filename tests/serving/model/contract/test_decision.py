import pytest

from serving.model.contract.contract import ContractError
from serving.model.contract.decision import Decision

CLASSES = ("0", "1")
TARGET = {"positive": "1"}


def read(classes=CLASSES, **changes):
    return Decision.from_json({**TARGET, **changes}, classes)


@pytest.mark.parametrize(
    "target", [{}, {"threshold": None, "costs": None}], ids=["older", "neither"]
)
def test_the_default_decision_is_the_most_probable_class(target):
    decision = read(**target)

    assert decision.is_most_probable
    assert decision.describe({}) == ""


def test_threshold_applies_to_the_positive_class():
    decision = read(threshold=0.314159)

    assert not decision.is_most_probable
    sentence = "is predicted if its probability is at least 0.314."
    assert decision.describe({"0": "died"}) == f"1 {sentence}"
    assert decision.describe({"1": "survived"}) == f"survived {sentence}"


def test_costs_are_read_by_class():
    decision = read(costs={"0": {"1": 1}, "1": {"0": 5.5}})

    assert decision.costs == {"0": {"1": 1.0}, "1": {"0": 5.5}}
    sentence = "The class with the least expected cost is predicted."
    assert decision.describe({}) == sentence


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"threshold": "0.5"}, "/target/threshold must be a number"),
        ({"threshold": 1.5}, "/target/threshold must be a probability"),
        ({"threshold": 0.5, "positive": None}, "requires two classes, one positive"),
        ({"threshold": 0.5, "classes": ("0", "1", "2")}, "requires two classes"),
        ({"costs": [[0, 1], [1, 0]]}, "/target/costs must be an object"),
        ({"costs": {"2": {"0": 1}}}, "/target/costs/2 contains an unknown class"),
        ({"costs": {"0": {"2": 1}}}, "/target/costs/0 contains an unknown class"),
        ({"costs": {"0": {"1": "1"}}}, "/target/costs/0/1 must be a number"),
        ({"costs": {"0": {"1": -1}}}, "/target/costs/0 must not be negative"),
        ({"threshold": 0.5, "costs": {}}, "both a threshold and costs"),
    ],
)
def test_invalid_decision_is_refused(target, message):
    with pytest.raises(ContractError, match=message):
        read(**target)
