import pyarrow as pa
import pytest

from iris_kedro.model.contract_features import (
    BooleanContract,
    CategoryContract,
    NumberContract,
    TrainingCounts,
    TrainingStatistics,
)
from iris_kedro.monitoring.bins import bin_answers, bin_features


@pytest.fixture
def describe(challenger_contract):
    def describe(feature):
        (bins,) = bin_features(
            challenger_contract.model_copy(update={"features": [feature]})
        )
        return bins

    return describe


def make_number(nullable=False, missing=0.0, **changes):
    statistics = {
        "mean": 0,
        "standard_deviation": 1,
        "quantiles": [0, 9],
        "edges": [1.0, 2.0],
        "counts": [50, 40, 15],
        "missing": missing,
    }
    return NumberContract(
        name="size",
        description="",
        unit="cm",
        minimum=0,
        maximum=9,
        nullable=nullable,
        training=TrainingStatistics(**{**statistics, **changes}),
    )


def make_category(**changes):
    return CategoryContract(
        **{
            "name": "color",
            "type": "category",
            "description": "",
            "categories": ["red", "blue"],
            "nullable": True,
            "unknown": "accept",
            "training": TrainingCounts(counts=[60, 24], missing=0.2),
            **changes,
        }
    )


def test_numbers_have_bins_by_their_edges(describe):
    bins = describe(make_number())

    assert bins.names == ("≤ 1", "1 – 2", "> 2")
    assert bins.reference == (50, 40, 15)
    assert bins.find(pa.array([0.5, 1.0, 1.5, 7.0])).tolist() == [0, 0, 1, 2]


def test_missing_numbers_have_their_own_bin(describe):
    bins = describe(make_number(nullable=True, missing=0.2, counts=[40, 30, 14]))

    assert bins.names[-1] == "missing"
    assert bins.reference[-1] == 21
    assert bins.find(pa.array([None, 1.0])).tolist() == [3, 0]


def test_texts_have_bins_of_unknown_and_missing_ones(describe):
    bins = describe(make_category())

    assert bins.names == ("red", "blue", "unknown", "missing")
    assert bins.reference == (60, 24, 0, 21)
    found = bins.find(pa.array(["blue", "\ufffd", "green", None, "red"]))
    assert found.tolist() == [1, 2, 2, 3, 0]


@pytest.mark.parametrize(
    ("categories", "counts"),
    [(["missing", "a", "b"], [50, 30, 25]), (["a", "missing"], [50, 55])],
    ids=["first", "last"],
)
def test_category_named_missing_is_not_the_bin_of_missing_ones(
    describe, categories, counts
):
    training = TrainingCounts(counts=counts)
    changes = {"categories": categories, "training": training}

    bins = describe(make_category(nullable=False, unknown="reject", **changes))

    assert bins.place("missing") is None
    found = bins.find(pa.array(["missing", None])).tolist()
    assert found == [categories.index("missing"), -1]


def test_booleans_have_two_bins(describe):
    bins = describe(
        BooleanContract(
            name="is_new",
            type="boolean",
            description="",
            nullable=False,
            training=TrainingCounts(counts=[5, 100]),
        )
    )

    assert bins.find(pa.array([True, False])).tolist() == [1, 0]


def test_answers_have_the_bins_of_the_held_out_rows(challenger_contract):
    classes, confidence = bin_answers(challenger_contract)

    assert classes.reference == tuple(challenger_contract.held_out.predictions)
    assert sum(confidence.reference) == challenger_contract.held_out.rows


def test_contract_of_an_older_release_is_refused(challenger_contract):
    older = challenger_contract.model_copy(update={"held_out": None})
    with pytest.raises(ValueError, match="does not describe the held-out predictions"):
        bin_answers(older)
    without_bins = make_number(edges=[], counts=[])
    with pytest.raises(ValueError, match="no bins"):
        bin_features(
            challenger_contract.model_copy(update={"features": [without_bins]})
        )


def test_bins_of_few_rows_are_merged(describe):
    edges = [float(each) for each in range(1, 10)]
    bins = describe(make_number(edges=edges, counts=[10, 11] * 5, nullable=True))

    assert bins.names == ("≤ 4", "4 – 7", "> 7", "missing")
    assert bins.reference == (42, 31, 32, 0)
    assert bins.find(pa.array([4.0, 4.5, 9.5, None])).tolist() == [0, 1, 2, 3]


def test_rare_texts_share_a_bin_apart_from_unknown_and_missing_ones(describe):
    bins = describe(
        make_category(
            categories=["red", "pink", "blue", "gold"],
            training=TrainingCounts(counts=[50, 4, 29, 1], missing=0.2),
        )
    )

    assert bins.names == ("red", "blue", "2 others", "unknown", "missing")
    assert bins.reference == (50, 29, 5, 0, 21)
    found = bins.find(pa.array(["gold", "blue", "pink", "green", None, "red"]))
    assert found.tolist() == [2, 1, 2, 3, 4, 0]


def test_classes_keep_their_order_where_rare_ones_share_a_bin(challenger_contract):
    held_out = challenger_contract.held_out
    classes = ["a", "b", "c", "d"]
    changed = challenger_contract.model_copy(
        update={
            "target": challenger_contract.target.model_copy(
                update={"classes": classes}
            ),
            "held_out": held_out.model_copy(update={"predictions": [1, 20, 2, 22]}),
        }
    )

    bins, _ = bin_answers(changed)

    answers = pa.array(["a", "b", "c", "d"])
    assert bins.names == ("b", "d", "2 others")
    assert bins.find(answers).tolist() == [2, 0, 2, 1]
    assert bins.index(answers).tolist() == [0, 1, 2, 3]
