"""The chaos suite of docs/explanation/reliability.md: its short form, its checks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from benchmarks.chaos.load import Lost, Tally
from benchmarks.chaos.models import build_model, draw_rows
from benchmarks.chaos.predictions import READ, PredictionChecker, WrongPredictionError
from benchmarks.chaos.requirements import ChaosError

PROJECT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_service_survives_the_short_form():
    command = [sys.executable, "-m", "benchmarks.chaos", "--short"]

    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def models():
    return {str(number): build_model(10.0**-number) for number in (1, 2)}


@pytest.fixture(scope="module")
def checker(models):
    return PredictionChecker(draw_rows(list(models.values())), models)


def write_answer(kind, version, labels, probabilities):
    """Write a response like the service."""
    if kind == "row":
        classes = ("setosa", "versicolor", "virginica")
        answer = {
            "prediction": labels[0],
            "probabilities": dict(zip(classes, probabilities[0].tolist(), strict=True)),
            "model": {"version": version},
        }
    elif kind == "batch":
        answer = {
            "predictions": labels,
            "probabilities": probabilities.tolist(),
            "model": {"version": version},
        }
    else:
        data = probabilities.ravel().tolist()
        shape = probabilities.shape
        answer = {
            "model_version": version,
            "outputs": [
                {"name": "label", "data": labels},
                {"name": "probabilities", "shape": shape, "data": data},
            ],
        }
    return orjson.dumps(answer)


@pytest.fixture
def ask(checker, models):
    """Return a request for rows, and a response with predictions of others."""

    def ask(kind, asked, answered, computed_by="1", named="1"):
        rows = checker._pool[answered].astype(np.float32)
        labels, probabilities = models[computed_by].predict(rows)
        request = checker.write(kind, asked)
        return request, write_answer(kind, named, labels, probabilities)

    return ask


KINDS = ("row", "batch", "tensor")


@pytest.mark.parametrize("kind", KINDS)
def test_a_correct_prediction_is_accepted(checker, ask, kind):
    rows = [3] if kind == "row" else [3, 1, 2]

    assert checker.check(*ask(kind, rows, rows)) == "1"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "changes",
    [
        {"computed_by": "2"},
        {"named": "2"},
        {"named": "9"},
        {"answered": [4]},
        {"answered": [3, 3]},
    ],
    ids=["another model", "another name", "unknown", "another row", "a row more"],
)
def test_a_wrong_prediction_is_found(checker, ask, kind, changes):
    if kind == "row" and changes.get("answered") == [3, 3]:
        pytest.skip("one row has one answer")

    with pytest.raises(WrongPredictionError):
        checker.check(*ask(kind, [3], **{"answered": [3]} | changes))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"model": 1}', b"null"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_unreadable_response_is_wrong(checker, kind, content):
    with pytest.raises(WrongPredictionError):
        checker.check(checker.write(kind, [0]), content)


def test_every_protocol_is_checked(checker):
    assert {checker.write(kind, [0]).path for kind in KINDS} == set(READ)


@pytest.fixture
def tally():
    tally = Tally(seconds=[0.1], latest={0: "1"})
    tally.answers["1"] = 1
    return tally


def test_a_good_load_passes(tally):
    tally.require_none_failed()
    tally.require_lost_only_in([])


@pytest.mark.parametrize(
    "failure",
    [
        {"wrong": ["labels"]},
        {"refused": [(0.0, 503, b"")]},
        {"lost": [Lost(0, 1, "reset")]},
    ],
)
def test_a_load_with_a_failure_does_not(tally, failure):
    for name, values in failure.items():
        setattr(tally, name, values)

    with pytest.raises(ChaosError):
        tally.require_none_failed()


def test_a_load_without_responses_does_not():
    with pytest.raises(ChaosError, match="nothing was answered"):
        Tally().require_none_failed()


@pytest.mark.parametrize(
    ("window", "is_allowed"), [((5, 6), True), ((0, 3), False), ((8, 9), False)]
)
def test_connections_may_break_in_their_window_only(tally, window, is_allowed):
    tally.lost.append(Lost(5.5, 6.5, "reset"))

    if is_allowed:
        tally.require_lost_only_in([window])
    else:
        with pytest.raises(ChaosError, match="1 connections lost"):
            tally.require_lost_only_in([window])
