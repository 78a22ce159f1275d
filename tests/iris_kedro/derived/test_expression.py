import pytest

from iris_kedro.derived.expression import MAX_DEPTH, MAX_LENGTH, parse

NUMBERS = ["petal_length", "petal_width", "fare", "min"]
CATEGORIES = ["port"]


def read(text):
    return parse(text, NUMBERS, CATEGORIES)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (" petal_length*petal_width ", "(petal_length) * (petal_width)"),
        ("1 + 2 * fare - 3", "(1.0 + (2e0 * fare)) - 3"),
        ("-fare / 2", "(-fare) / 2"),
        ("min(fare, 1, min)", "min(min(fare, 1), min)"),
        ("fare != 2", "1 - (fare == 2)"),
        ("fare + 1 < 2 * min", "(fare + 1) < (2 * min)"),
    ],
)
def test_expression_is_parsed_like_python(text, same):
    assert read(text) == read(same)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os')", "calls '__import__', which is not a function here"),
        ("fare.real", "has 'fare.real', which is not allowed"),
        ("fare[0]", r"has 'fare\[0\]', which is not allowed"),
        ("(lambda: fare)()", r"has '\(lambda: fare\)\(\)', which is not allowed"),
        ("fare.__class__.__bases__", "which is not allowed"),
        ("[fare for fare in (1, 2)]", "which is not allowed"),
        ("9 ** 9 ** 9 ** fare", r"has '9 \*\* 9 \*\* 9 \*\* fare', which is not allo"),
        ("fare ** 2", r"has 'fare \*\* 2', which is not allowed; .*numbers.* names of"),
        ("1 + (fare % 2)", "has 'fare % 2', which is not allowed"),
        ("fare // 2", "'fare // 2'"),
        ("~fare", "'~fare'"),
        ("+fare", "which is not allowed"),
        ("not fare", "'not fare'"),
        ("fare and min", "'fare and min'"),
        ("1 < fare < 2", "'1 < fare < 2', which is not allowed; .*comparisons of two"),
        ("fare in (1, 2)", "which is not allowed"),
        ("1 if fare else 2", "which is not allowed"),
        ("(fare := 2)", "which is not allowed"),
        ("fare + 'a'", "has \"'a'\", which is not allowed"),
        ("fare + True", "'True'"),
        ("fare + 1j", "'1j'"),
        ("fare + 1e999", "'1e999'"),
        ("fare + 3.5e38", r"'3.5e38', which is not allowed.* numbers \(up to 3.4e38\)"),
        (f"fare + {'9' * 400}", "which is not allowed"),
        ("sqrt(fare, 2)", r"'sqrt\(fare, 2\)'"),
        ("max(fare)", r"'max\(fare\)'"),
        ("max(fare, key=abs)", "which is not allowed"),
        ("max(*fare, 1)", r"'\*fare'"),
        ("log(fare)", "calls 'log', .*; did you mean 'log1p'"),
        ("petal_lenght", "has 'petal_lenght', .*; did you mean 'petal_length'"),
        ("sepal", "not a feature; It can have petal_length, petal_width, fare, min"),
        ("port + 1", "has 'port', which is a category"),
        ("1 + 1", "uses no feature"),
        ("fare +", r"'fare \+' is not an expression \(invalid syntax\); it can have"),
        ("import os", "is not an expression"),
        ("fare; fare", "is not an expression"),
        ("", "is not an expression"),
        ("fare\0", "is not an expression"),
    ],
)
def test_anything_else_is_rejected_and_named(text, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        read(text)


@pytest.mark.parametrize("text", ["class + 1", "fare * (class)", "lambda"])
def test_feature_cannot_be_named_like_a_keyword(text):
    with pytest.raises(ValueError, match=r"Python keyword: .* and set column"):
        parse(text, ["fare", "class"], ["lambda"])


def test_refused_code_is_not_run(tmp_path):
    with pytest.raises(ValueError, match="which is not"):
        read(f"__import__('pathlib').Path('{tmp_path}/trace').touch() + fare")

    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fare" + "+fare" * 20_000, f"more than {MAX_LENGTH}"),
        ("fare" + "+1" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels deep"),
        ("-" * (MAX_DEPTH + 1) + "fare", f"more than {MAX_DEPTH} levels deep"),
        ("(" * 240 + "fare" + ")" * 240, "too many nested parentheses"),
    ],
)
def test_size_is_bounded(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(text)

    assert len(str(caught.value)) < 2 * MAX_LENGTH
    read("fare" + "+1" * MAX_DEPTH)
