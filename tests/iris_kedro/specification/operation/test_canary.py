import pytest
from pydantic import ValidationError

from iris_kedro.specification import Canary


@pytest.mark.parametrize(
    ("share", "next_share"), [(0.0, 0.05), (0.05, 0.25), (0.3, 1.0), (1.0, None)]
)
def test_next_share_is_the_first_above(canary_parameters, share, next_share):
    assert canary_parameters.find_next_share(share) == next_share


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": []}, "at least 1 item"),
        ({"shares": [0.5, 0.5]}, "shares must rise"),
        ({"shares": [0.5, 1.5]}, "less than or equal to 1"),
        ({"undecided": "guess"}, "'promote', 'stop' or 'wait'"),
        ({"minimum_row": 5}, "did you mean 'minimum_rows'"),
        ({"guard": {"hours": 0}}, "greater than 0"),
    ],
)
def test_invalid_parameters_are_rejected(canary_parameters, changes, message):
    with pytest.raises(ValidationError, match=message):
        Canary.model_validate({**canary_parameters.model_dump(), **changes})
