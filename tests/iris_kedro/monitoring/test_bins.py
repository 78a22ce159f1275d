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


def test_missing_numbers_have_a_bin_of_their_own(describe):
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


def test_category_named_missing_is_not_the_bin_of_missing_ones(describe):
    bins = describe(
        make_category(
            categories=["missing", "a", "b"],
            nullable=False,
            unknown="reject",
            training=TrainingCounts(counts=[50, 30, 25]),
        )
    )

    assert bins.place("missing") is None
    assert bins.find(pa.array(["missing", None])).tolist() == [0, -1]


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
    with pytest.raises(ValueError, match="does not say what the model answers"):
        bin_answers(older)
    without_bins = make_number(edges=[], counts=[])
    with pytest.raises(ValueError, match="no bins"):
        bin_features(
            challenger_contract.model_copy(update={"features": [without_bins]})
        )
