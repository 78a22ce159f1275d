import pytest

from iris_kedro.notebook.exploring import find_wrong_values
from iris_kedro.notebook.monitoring import misread


@pytest.fixture
def wrong(mixed_data, mixed):
    return misread(mixed_data, mixed_data, mixed)


def test_numbers_are_read_too_high_within_their_bounds(wrong, mixed_data, mixed):
    fare, siblings = mixed_data["fare"], mixed_data["siblings"]

    assert wrong["fare"].tolist() == pytest.approx(fare + fare.std(ddof=0))
    assert (wrong["siblings"] == wrong["siblings"].round()).all()
    assert (wrong["siblings"] > siblings).all()
    assert wrong["age"].max() <= mixed.features["age"].maximum


def test_forms_send_their_first_choice(wrong):
    assert set(wrong["sex"]) == {"female"}
    assert set(wrong["alone"].dropna()) == {0.0}


def test_gaps_stay_and_nothing_is_refused(wrong, mixed_data, mixed):
    for name in find_wrong_values(mixed):
        assert wrong[name].isna().equals(mixed_data[name].isna())
