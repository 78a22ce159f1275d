from dataclasses import fields, replace

import numpy as np
import pytest

from serving.model.contract.parsing import ContractError
from serving.model.features import Integer
from serving.schemas.recoding import Recoder

NAN = float("nan")
PORT = 3
# Categories of the port: C, Q, S and "never seen", others are unknown; of the deck: 1
# to 3, others are rejected.
ROWS = np.array(
    [
        [5, 1, NAN, 2, 0],
        [NAN, 2, 1, NAN, 2],
        [1, 0, 0, 4, 1],
        [1, 0, 0, 0, 1],
    ],
    dtype=np.float32,
)


@pytest.fixture
def source(passengers):
    return passengers.contract


@pytest.fixture
def change(source):
    """Return the contract with a changed feature, by default the port."""

    def change(place=PORT, **changes):
        features = list(source.features)
        features[place] = replace(features[place], **changes)
        return replace(source, features=tuple(features))

    return change


def test_rows_of_the_same_encoding_are_passed_as_they_are(source, change):
    rows, kept = Recoder(change(description="another")).recode(ROWS, source)

    assert rows is ROWS
    assert kept.all()


def test_categories_are_found_in_another_order(source, change):
    target = change(categories=("never seen", "S", "Q", "C"))

    rows, kept = Recoder(target).recode(ROWS, source)

    assert kept.all()
    np.testing.assert_array_equal(rows[:, PORT], [1, NAN, 4, 3])
    np.testing.assert_array_equal(np.delete(rows, PORT, 1), np.delete(ROWS, PORT, 1))


@pytest.mark.parametrize(
    ("categories", "accepts_unknown", "codes"),
    [
        (("C", "S"), True, {0: 1, 1: NAN, 2: 2, 3: 0}),
        (("C", "S"), False, {0: 1, 1: NAN, 3: 0}),
        (("C", "Q"), False, {1: NAN, 3: 0}),
        # What is unknown to the source may be a category of the target.
        (("C", "S", "Belfast"), True, {0: 1, 1: NAN, 3: 0}),
    ],
)
def test_only_rows_that_the_other_contract_can_encode_are_kept(
    source, change, categories, accepts_unknown, codes
):
    target = change(categories=categories, accepts_unknown=accepts_unknown)

    rows, kept = Recoder(target).recode(ROWS, source)

    assert np.flatnonzero(kept).tolist() == list(codes)
    np.testing.assert_array_equal(rows[:, PORT], list(codes.values()))


@pytest.mark.parametrize(
    ("place", "changes", "places"),
    [
        (0, {"nullable": False}, [0, 2, 3]),
        (0, {"minimum": 1.5}, [0, 1]),
        (0, {"maximum": 4.0}, [1, 2, 3]),
        (1, {"minimum": 1.0}, [0, 1]),
        (2, {"nullable": False}, [1, 2, 3]),
        (PORT, {"nullable": False}, [0, 2, 3]),
        (PORT, {"accepts_unknown": False}, [0, 1, 3]),
        (PORT, {"accepts_unknown": False, "categories": ("S", "Q", "C")}, [0, 1, 3]),
        (0, {"nullable": False, "minimum": 1.5}, [0]),
    ],
)
def test_only_rows_that_the_other_contract_accepts_are_kept(
    source, change, place, changes, places
):
    rows, kept = Recoder(change(place, **changes)).recode(ROWS, source)

    assert np.flatnonzero(kept).tolist() == places
    assert len(rows) == len(places)


def test_only_integers_are_kept_for_an_integer(source):
    age = source.features[0]
    whole = Integer(**{each.name: getattr(age, each.name) for each in fields(age)})
    target = replace(source, features=(whole, *source.features[1:]))
    rows = ROWS.copy()
    rows[0, 0] = 5.5

    _, kept = Recoder(target).recode(rows, source)

    assert kept.tolist() == [False, True, True, True]


def test_features_are_found_in_another_order(source):
    target = replace(source, features=source.features[::-1])

    rows, kept = Recoder(target).recode(ROWS, source)

    assert kept.all()
    np.testing.assert_array_equal(rows, ROWS[:, ::-1])


def test_other_names_and_types_are_refused(source):
    fewer = replace(source, features=source.features[:-1])
    renamed = replace(source.features[-1], name="age")
    other = replace(
        source, features=(renamed, *source.features[1:-1], source.features[-1])
    )

    with pytest.raises(ContractError, match="features have other names"):
        Recoder(fewer).recode(ROWS, source)
    with pytest.raises(ContractError, match="the feature age has another type"):
        Recoder(other).recode(ROWS, source)
