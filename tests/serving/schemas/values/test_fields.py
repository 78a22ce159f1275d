import pytest
from marshmallow import ValidationError

from serving.model.features.reading import read_feature
from serving.schemas.values.fields import create_field

FEATURE = {
    "name": "income",
    "description": "",
    "unit": "EUR",
    "minimum": -0.1,
    "maximum": 123_456_789,
    "training": {"mean": 1, "standard_deviation": 1, "quantiles": [0, 2]},
}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (200_000_000, "must be at most 123456789 EUR"),
        (-0.2, "must be at least -0.1 EUR"),
    ],
)
def test_messages_show_limits_with_all_digits(value, message):
    field = create_field(read_feature(FEATURE, ""))

    with pytest.raises(ValidationError, match=message):
        field.deserialize(value)


def test_a_message_quotes_categories_that_contain_commas():
    deck = {
        "type": "category",
        "name": "deck",
        "description": "",
        "categories": ["A, B", " C"],
        "unknown": "reject",
        "training": {"counts": [1, 2]},
    }
    field = create_field(read_feature(deck, ""))

    with pytest.raises(ValidationError) as caught:
        field.deserialize("A")

    assert caught.value.messages == ["must be one of 'A, B', ' C'"]
