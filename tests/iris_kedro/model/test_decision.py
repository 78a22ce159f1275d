"""Decision rules give equal classes in ONNX and NumPy, including ties."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.scoring import OnnxScorer

PARTS = 16  # probabilities whose sums are exact, so that ties are ties
CLASSES = ["a", "b", "c", "d"]


def export(classes: list[str]) -> onnx.ModelProto:
    """Build a model whose inputs are its probabilities, and whose label is wrong."""
    count = len(classes)
    graph = helper.make_graph(
        [
            helper.make_node("Identity", ["rows"], ["probabilities"]),
            helper.make_node("ArgMin", ["rows"], ["place"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "place"], ["label"]),
        ],
        "probabilities",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, count])],
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None]),
            helper.make_tensor_value_info(
                "probabilities", TensorProto.FLOAT, [None, count]
            ),
        ],
        [numpy_helper.from_array(np.array(classes, object), "names")],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def run(rule: DecisionRule, probabilities) -> list[str]:
    """Return the decisions of the ONNX graph."""
    rows = np.array(probabilities, np.float32)
    return OnnxScorer(rule.embed(export(rule.classes))).run({"rows": rows}).labels


def price(classes: list[str], cost: float, positive: str = "a") -> DecisionRule:
    """Return costs for false predictions of the first of two classes."""
    first, second = classes
    return DecisionRule(classes, positive, costs={second: {first: cost}})


def draw_probabilities(count: int) -> st.SearchStrategy[list[float]]:
    """Draw probabilities of some classes."""
    cuts = st.lists(st.integers(0, PARTS), min_size=count - 1, max_size=count - 1)
    return cuts.map(lambda each: np.diff([0, *sorted(each), PARTS]) / PARTS)


@st.composite
def costly(draw):
    """Draw costs of two to four classes, and rows."""
    classes = CLASSES[: draw(st.integers(2, 4))]
    costs = {
        right: {name: draw(st.integers(0, 8)) for name in classes if name != right}
        for right in classes
    }
    rows = draw(st.lists(draw_probabilities(len(classes)), min_size=1, max_size=20))
    return classes, costs, np.array(rows)


@given(costly())
def test_graph_chooses_the_class_with_the_least_expected_cost(drawn):
    classes, costs, rows = drawn
    rule = DecisionRule(classes, costs=costs)
    matrix = np.array([[costs[a].get(b, 0) for b in classes] for a in classes])
    expected = np.array(classes)[np.argmin(rows @ matrix, axis=1)]

    assert run(rule, rows).tolist() == expected.tolist()
    assert rule.decide(rows).tolist() == expected.tolist()


@given(
    st.sampled_from(["a", "b"]),
    st.integers(0, PARTS).map(lambda each: each / PARTS),
    st.lists(draw_probabilities(2), min_size=1, max_size=20).map(np.array),
)
def test_graph_predicts_the_positive_class_from_the_threshold_on(
    positive, threshold, rows
):
    rule = DecisionRule(["a", "b"], positive, threshold)
    other = "a" if positive == "b" else "b"
    column = rule.classes.index(positive)
    expected = [positive if p >= threshold else other for p in rows[:, column]]

    assert run(rule, rows).tolist() == expected
    assert rule.decide(rows).tolist() == expected


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
def test_probability_that_is_the_threshold_is_enough_in_single_precision(threshold):
    at = np.float32(threshold)
    below = np.nextafter(at, np.float32(0))
    rows = np.array([[1 - at, at], [1 - below, below]], np.float32)
    rule = DecisionRule(["a", "b"], "b", threshold)

    assert run(rule, rows).tolist() == ["b", "a"]
    assert rule.decide(rows).tolist() == ["b", "a"]


@given(st.integers(0, 2**32 - 1))
def test_graph_and_numpy_decide_equally_for_any_numbers(seed):
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.ones(3), 50).astype(np.float32)
    numbers = generator.uniform(0, 10, (3, 3))
    costs = {
        right: {b: numbers[i, j] for j, b in enumerate("abc") if i != j}
        for i, right in enumerate("abc")
    }
    rule = DecisionRule(["a", "b", "c"], costs=costs)
    best, second = np.sort(rows @ rule.matrix, axis=1)[:, :2].T
    clear = second - best > 1e-5

    assert (run(rule, rows) == rule.decide(rows))[clear].all()


def test_equal_costs_are_the_most_probable_class():
    rows = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    costs = {a: {b: 1.0 for b in "abc" if a != b} for a in "abc"}

    equal = DecisionRule(["a", "b", "c"], costs=costs).decide(rows)

    assert (equal == DecisionRule(["a", "b", "c"]).decide(rows)).all()


def test_model_without_a_rule_is_unchanged():
    model = export(["a", "b"])

    assert DecisionRule(["a", "b"]).embed(model) == model


def test_embedding_does_not_change_the_model():
    model = export(["a", "b"])

    DecisionRule(["a", "b"], "b", 0.2).embed(model)

    assert model == export(["a", "b"])


def test_costs_of_predictions_are_looked_up():
    rule = DecisionRule(["a", "b"], costs={"a": {"b": 1.0}, "b": {"a": 5.0}})
    y, labels = np.array(["a", "a", "b", "b"]), np.array(["a", "b", "a", "b"])

    assert rule.list_costs(y, labels).tolist() == [0, 1, 5, 0]


@given(
    st.sampled_from(["a", "b"]),
    st.integers(1, PARTS - 1).map(lambda each: each / PARTS),
    st.lists(draw_probabilities(2), min_size=1, max_size=20).map(np.array),
)
def test_threshold_is_the_rule_of_its_costs(positive, threshold, rows):
    by_threshold = DecisionRule(["a", "b"], positive, threshold)
    matrix = by_threshold.matrix.tolist()
    costs = {a: dict(zip("ab", matrix["ab".index(a)], strict=True)) for a in "ab"}
    by_costs = DecisionRule(["a", "b"], costs=costs)
    is_tie = rows[:, "ab".index(positive)] == threshold

    equal = by_threshold.decide(rows) == by_costs.decide(rows)

    assert equal[~is_tie].all()


def test_confidence_is_the_probability_of_the_predicted_class():
    rows = np.array([[0.7, 0.3], [0.9, 0.1]])
    rule = DecisionRule(["a", "b"], "b", 0.2)

    assert rule.find_confidences(rows, rule.decide(rows)).tolist() == [0.3, 0.9]


ONE, TWO = ["a", "b"], ["a", "c"]


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (DecisionRule(ONE, "a"), DecisionRule(ONE, "b"), True),
        (DecisionRule(ONE, "a", 0.3), DecisionRule(ONE, "a", 0.3), True),
        (DecisionRule(ONE, "a", 0.3), DecisionRule(ONE, "b", 0.3), False),
        (DecisionRule(ONE, "a", 0.3), DecisionRule(TWO, "a", 0.3), False),
        (DecisionRule(ONE, "a", 0.3), DecisionRule(ONE, "a", 0.4), False),
        (DecisionRule(ONE, "a", 0.3), DecisionRule(ONE, "a"), False),
        (price(ONE, 2.0, "a"), price(ONE, 2.0, "b"), True),
        (price(ONE, 2.0), price(ONE, 3.0), False),
        (price(ONE, 2.0), DecisionRule(ONE, "a", 0.3), False),
    ],
)
def test_rules_agree_if_they_decide_alike(one, other, agree):
    assert one.agrees_with(other) is agree
    assert other.agrees_with(one) is agree
