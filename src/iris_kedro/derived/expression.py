"""Parses expressions of derived features with Python's parser, without running them."""

import ast
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from keyword import iskeyword
from typing import NoReturn

import numpy as np

MAX_LENGTH = 500  # characters
MAX_DEPTH = 50  # operations within operations; a + b + c has a depth of 2

ALLOWED = (
    "numbers (up to 3.4e38), names of features, + - * /, parentheses, comparisons of"
    " two values (< <= > >= == !=), log1p(x), sqrt(x), abs(x), min(a, b, …) and"
    " max(a, b, …)"
)


@dataclass(frozen=True)
class Constant:
    """A number in single precision, as features are, so that 4.9 <= 4.9."""

    value: float


@dataclass(frozen=True)
class Column:
    """The value of a feature."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operation on one or two values, by the name of its ONNX operator."""

    name: str
    arguments: tuple["Expression", ...]


Expression = Constant | Column | Operation

ONE = Constant(1.0)
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "Add",
    ast.Sub: "Sub",
    ast.Mult: "Mul",
    ast.Div: "Div",
    ast.USub: "Neg",
    ast.Lt: "Less",
    ast.LtE: "LessOrEqual",
    ast.Gt: "Greater",
    ast.GtE: "GreaterOrEqual",
    ast.Eq: "Equal",
    ast.NotEq: "NotEqual",
}
OF_ONE = {"log1p": "Log", "sqrt": "Sqrt", "abs": "Abs"}
OF_SEVERAL = {"min": "Min", "max": "Max"}
FUNCTIONS = [*OF_ONE, *OF_SEVERAL]


def parse(
    text: str, numbers: Collection[str], categories: Collection[str] = ()
) -> Expression:
    """Parse an expression.

    Args:
        text: The expression, such as ``width * height``.
        numbers: Names of the features that it may use.
        categories: Names of the features whose values are texts.

    Raises:
        ValueError: If the expression is invalid; the message says what is allowed.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError(
            f"the expression has {len(text)} characters, more than {MAX_LENGTH}:"
            f" {text[:50]!r}…"
        )
    for name in re.findall(r"\w+", text):
        if iskeyword(name) and name in {*numbers, *categories}:
            raise ValueError(
                f"{text!r} has {name!r}, which is a Python keyword: rename the feature"
                " and set column to its header"
            )
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(
            f"{text!r} is not an expression ({reason}); it can have {ALLOWED}"
        ) from error
    parser = _Parser(text, numbers, categories)
    expression = parser.read(body, MAX_DEPTH)
    if not parser.uses_features:
        raise ValueError(f"{text!r} uses no feature, so it is the same for every row")
    return expression


class _Parser:
    """Converts Python's syntax tree; everything that is not allowed is rejected."""

    def __init__(
        self, text: str, numbers: Collection[str], categories: Collection[str]
    ) -> None:
        self.uses_features = False
        self._text = text
        self._numbers = numbers
        self._categories = categories

    def read(self, node: ast.expr, depth: int) -> Expression:
        """Convert a node of the tree with at most ``depth`` levels below."""
        if depth < 0:
            raise ValueError(
                f"{self._text!r} nests operations more than {MAX_DEPTH} levels deep"
            )
        match node:
            case ast.Constant(value=int() | float() as value):
                return self._read_number(node, value)
            case ast.Name(id=name):
                return self._read_feature(name)
            case ast.UnaryOp(op=ast.USub() as sign, operand=operand):
                return self._apply(sign, [operand], depth)
            case (
                ast.BinOp(left=left, op=sign, right=right)
                | ast.Compare(left=left, ops=[sign], comparators=[right])
            ) if type(sign) in OPERATORS:
                return self._apply(sign, [left, right], depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments, depth)
        return self._refuse(node)

    def _read_number(self, node: ast.expr, value: float) -> Constant:
        try:
            with np.errstate(over="ignore"):
                number = float(np.float32(value))
        except OverflowError:  # an integer that is too large for double precision
            number = math.inf
        if isinstance(value, bool) or not math.isfinite(number):
            self._refuse(node)
        return Constant(number)

    def _read_feature(self, name: str) -> Column:
        if name in self._categories:
            raise ValueError(
                f"{self._text!r} has {name!r}, which is a category: its values are"
                " texts, and expressions compute with numbers"
            )
        if name not in self._numbers:
            raise ValueError(
                f"{self._text!r} has {name!r}, which is not"
                f" {_suggest(name, self._numbers, 'a feature')}"
            )
        self.uses_features = True
        return Column(name)

    def _apply(self, sign: ast.AST, operands: list[ast.expr], depth: int) -> Expression:
        name = OPERATORS[type(sign)]
        arguments = tuple(self.read(each, depth - 1) for each in operands)
        if name == "NotEqual":  # ONNX has none
            return Operation("Sub", (ONE, Operation("Equal", arguments)))
        return Operation(name, arguments)

    def _call(
        self, node: ast.expr, name: str, given: list[ast.expr], depth: int
    ) -> Expression:
        if name not in FUNCTIONS:
            raise ValueError(
                f"{self._text!r} calls {name!r}, which is not"
                f" {_suggest(name, FUNCTIONS, 'a function here')}"
            )
        arguments = [self.read(each, depth - 1) for each in given]
        if name in OF_SEVERAL and len(arguments) > 1:
            name = OF_SEVERAL[name]
            return reduce(lambda a, b: Operation(name, (a, b)), arguments)
        if name in OF_ONE and len(arguments) == 1:
            (argument,) = arguments
            if name == "log1p":
                argument = Operation("Add", (ONE, argument))
            return Operation(OF_ONE[name], (argument,))
        return self._refuse(node)

    def _refuse(self, node: ast.expr) -> NoReturn:
        found = ast.get_source_segment(self._text.strip(), node)
        raise ValueError(
            f"{self._text!r} has {found!r}, which is not allowed; an expression can"
            f" have {ALLOWED}"
        )


def _suggest(name: str, known: Collection[str], kind: str) -> str:
    nearest = get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{kind}; {hint}It can have {', '.join(known)}"
