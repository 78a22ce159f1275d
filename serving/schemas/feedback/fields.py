"""The marshmallow schema of one feedback item."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from serving.model.contract.contract import Contract
from serving.schemas.fields import StrictSchema, Text
from serving.schemas.issues import MESSAGES, Reasoned, describe, quote

# Other ids cannot exist and are not looked up; PostgreSQL does not accept NUL.
ID_PATTERN = r"^[A-Za-z0-9._:-]{1,40}$"
MAX_ROW = 2**31 - 1  # the limit of the column
NAMED = 20  # classes in one message


class RowIndex(fields.Field[int]):
    """The index of a row in its request, from 0."""

    default_error_messages = MESSAGES

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        is_whole = type(value) is float and value.is_integer()  # as in features
        if type(value) is not int and not is_whole:
            raise ValidationError(f"must be an integer, not {describe(value)}")
        if not 0 <= value <= MAX_ROW:
            raise ValidationError(f"must be between 0 and {MAX_ROW}")
        return int(value)


class ClassLabel(fields.Field[str]):
    """A class of the model: its text, or the equivalent number or boolean.

    Clients often read labels from tables, where the class "1" is a number and "True" a
    boolean.
    """

    default_error_messages = MESSAGES

    def __init__(self, contract: Contract) -> None:
        numbers = find_numbers(contract.classes)
        booleans = find_booleans(contract.classes)
        self._known: dict[type, dict[Any, str]] = {
            str: {name: name for name in contract.classes},
            int: numbers,
            float: numbers,
            bool: booleans,
        }
        values = [*contract.classes, *numbers, *booleans]
        self._expected = f"must be a class of the model: {list_classes(contract)}"
        super().__init__(required=True, metadata={"enum": values})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        known = self._known.get(type(value))
        label = known.get(value) if known else None
        if label is None:
            found = f"{self._expected}, not {quote(value)}"
            raise ValidationError(Reasoned(found, "unknown"))
        return label


def find_numbers(classes: tuple[str, ...]) -> dict[int | float, str]:
    """Map numbers to the classes that are written as numbers."""
    found: dict[int | float, str] = {}
    for parse in (int, float):
        for name in classes:
            try:
                number = parse(name)
            except ValueError:
                continue
            if str(number) == name and abs(number) < float("inf"):
                found.setdefault(number, name)
    return found


def find_booleans(classes: tuple[str, ...]) -> dict[bool, str]:
    """Map booleans to the classes that are written as booleans."""
    spellings = {"True": True, "true": True, "False": False, "false": False}
    return {spellings[name]: name for name in classes if name in spellings}


def list_classes(contract: Contract) -> str:
    """List the classes with their descriptions; if there are many, the first ones."""
    words = contract.labels
    named = [
        f"{quote(name)} ({words[name]})" if name in words else quote(name)
        for name in contract.classes[:NAMED]
    ]
    return ", ".join([*named, "…"] if len(contract.classes) > NAMED else named)


def feedback_schema(contract: Contract) -> Schema:
    """Create the schema of one feedback item."""

    class FeedbackSchema(StrictSchema):
        error_messages = StrictSchema.error_messages | {
            "unknown": Reasoned("is not a field of feedback", "unknown"),
        }
        prediction_id = Text(
            required=True,
            validate=validate.Regexp(ID_PATTERN, error="is not a prediction id"),
            metadata={
                "description": "Id of the prediction, as in the header "
                "`X-Prediction-ID` of its response."
            },
        )
        row = RowIndex(
            load_default=0,
            metadata={
                "type": "integer",
                "minimum": 0,
                "maximum": MAX_ROW,
                "description": "Index of the row in the request, from 0.",
            },
        )
        label = ClassLabel(contract)

    return FeedbackSchema()
