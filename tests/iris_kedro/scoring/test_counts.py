import json
from collections import Counter

from iris_kedro.scoring.counts import Counts

ONE = Counts(
    rows=3,
    scored=2,
    predictions=Counter(a=2),
    confidence=1.5,
    rejected=Counter({"size: too_high": 1}),
    out_of_range=Counter(size=1, width=0),
    features={"size": [1, 1]},
    answers={"prediction": [2, 0]},
)


def test_counts_of_parts_are_added_up():
    total = Counts.add_up([ONE, ONE, Counts(rows=1, predictions=Counter(b=1))])

    assert (total.rows, total.scored, total.confidence) == (7, 4, 3.0)
    assert total.predictions == {"a": 4, "b": 1}
    assert total.rejected == {"size: too_high": 2}
    assert total.out_of_range == {"size": 2}
    assert total.features == {"size": [2, 2]}
    assert total.answers == {"prediction": [4, 0]}


def test_counts_survive_a_round_trip_through_json():
    assert Counts.from_json(json.loads(json.dumps(ONE.to_json()))) == ONE


def test_counts_without_parts_are_empty():
    assert Counts.add_up([]) == Counts()
