"""Names and values as MLflow accepts them: classes may be any text."""

import re
from hashlib import sha256

SYMBOLS = {
    "<": "lt",
    ">": "gt",
    "=": "eq",
    "+": "plus",
    "%": "percent",
    "&": "and",
    "/": "or",
}
LONGEST_NAME = 200  # MLflow's limit is 250, a prefix included
LONGEST_VALUE = 6000  # of a parameter


def name_entity(name: str) -> str:
    """Spell a metric's, parameter's or tag's name with what MLflow accepts.

    Signs become words (``<=50K`` is ``lteq50K``), others the number of the character.
    """
    spelt = re.sub(
        r"[^\w.\- :]", lambda found: SYMBOLS.get(found[0], f"u{ord(found[0]):x}"), name
    )
    if len(spelt) <= LONGEST_NAME:
        return spelt
    digest = sha256(name.encode()).hexdigest()[:8]  # so that long names stay different
    return f"{spelt[: LONGEST_NAME - 9]}-{digest}"


def shorten_value(value: object) -> str:
    """Write a parameter's value, cut to what MLflow accepts."""
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
