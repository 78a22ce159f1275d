"""Pairs of models with a known difference, and their predictions for random rows."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from iris_kedro.gate.comparing import select
from iris_kedro.gate.performance import Answers, grade

CLASSES = ["a", "b", "c"]
SHARPNESS = 2.5  # standard deviation of the true logits
MANY = 100_000  # rows that represent the population

Floats = NDArray[np.float64]
Pair = tuple[Answers, Answers]
Scenario = Callable[[int, np.random.Generator], Pair]


def answer(probabilities: Floats, y: NDArray[np.str_]) -> Answers:
    """Return the predictions of a model with these probabilities."""
    labels = np.array(CLASSES)[probabilities.argmax(axis=1)]
    return grade(labels, probabilities.max(axis=1), probabilities, y, CLASSES)


def draw_labels(
    probabilities: Floats, generator: np.random.Generator
) -> NDArray[np.str_]:
    """Draw the correct class of each row from its true probabilities."""
    below = probabilities.cumsum(axis=1) < generator.random((len(probabilities), 1))
    return np.array(CLASSES)[np.minimum(below.sum(axis=1), len(CLASSES) - 1)]


def blur(logits: Floats, noise: float, generator: np.random.Generator) -> Floats:
    """Return the logits of a calibrated model that sees the true ones with noise."""
    seen = logits + generator.normal(scale=noise, size=logits.shape)
    share = SHARPNESS**2 / (SHARPNESS**2 + noise**2)
    left = share * noise**2  # variance that the model cannot explain
    return np.asarray(softmax(share * seen / np.sqrt(1 + np.pi * left / 8), axis=1))


def draw_noisy(
    rows: int,
    generator: np.random.Generator,
    noise: float = 1,
    production_noise: float = 1,
    wrong_labels: float = 0,
) -> Pair:
    """Draw models that see the true logits with independent noise."""
    logits = generator.normal(scale=SHARPNESS, size=(rows, len(CLASSES)))
    y = draw_labels(softmax(logits, axis=1), generator)
    wrong = generator.random(rows) < wrong_labels
    y = np.where(wrong, generator.choice(CLASSES, rows), y)
    ours = blur(logits, noise, generator)
    theirs = blur(logits, production_noise, generator)
    return answer(ours, y), answer(theirs, y)


def draw_tempered(
    rows: int, generator: np.random.Generator, hot: float, cold: float
) -> Pair:
    """Draw models with the true logits, too extreme in one, too moderate in another."""
    logits = generator.normal(scale=SHARPNESS, size=(rows, len(CLASSES)))
    y = draw_labels(softmax(logits, axis=1), generator)
    return (
        answer(softmax(hot * logits, axis=1), y),
        answer(softmax(cold * logits, axis=1), y),
    )


def balance_temperature(hot: float) -> float:
    """Return the temperature below 1 that has the same expected log loss."""
    generator = np.random.default_rng(0)
    logits = generator.normal(scale=SHARPNESS, size=(MANY, len(CLASSES)))
    truth = softmax(logits, axis=1)

    def loss(factor: float) -> float:
        return float(-(truth * np.log(softmax(factor * logits, axis=1))).sum(1).mean())

    return float(brentq(lambda cold: loss(cold) - loss(hot), 0.01, 1))


class Retrained:
    """Logistic regressions trained on different rows of one population.

    Two of them differ slightly in truth; this difference is added to the log losses of
    one, which makes them a tie.
    """

    def __init__(self) -> None:
        generator = np.random.default_rng(1)
        weights = generator.normal(scale=1.5, size=(4, len(CLASSES)))
        X = generator.normal(size=(MANY // 5, 4))
        y = draw_labels(softmax(X @ weights, axis=1), generator)
        self._answers = []
        for _ in range(40):
            chosen = generator.integers(0, len(X), 100)
            model = LogisticRegression().fit(X[chosen], y[chosen])
            self._answers.append(answer(model.predict_proba(X), y))

    def __call__(self, rows: int, generator: np.random.Generator) -> Pair:
        """Draw two of the models and some rows."""
        first, second = generator.choice(len(self._answers), 2, replace=False)
        ours, theirs = self._answers[first], self._answers[second]
        gap = theirs.losses.mean() - ours.losses.mean()
        drawn = generator.integers(0, len(ours.losses), rows)
        return _shift(select(ours, drawn), float(gap)), select(theirs, drawn)


def _shift(answers: Answers, gap: float) -> Answers:
    return replace(
        answers,
        possible_losses=answers.possible_losses + gap,
        losses=answers.losses + gap,
    )


def make_ties() -> dict[str, Scenario]:
    """Return pairs of equally good models, by description."""
    cold = balance_temperature(hot=2)
    return {
        "same truth, other noise": draw_noisy,
        "15 % wrong labels": partial(draw_noisy, wrong_labels=0.15),
        "trained on other rows": Retrained(),
        "overconfident, underconfident": partial(draw_tempered, hot=2, cold=cold),
    }


def make_gain(gain: float) -> Scenario:
    """Return a pair of calibrated models whose accuracies differ by a gain."""

    def measure(noise: float) -> float:
        generator = np.random.default_rng(0)
        ours, theirs = draw_noisy(MANY, generator, 0.5, noise)
        return float(ours.correct.mean() - theirs.correct.mean() - gain)

    # The accuracy has steps: to find its root exactly takes five times as long.
    production_noise = float(brentq(measure, 0.5, 10, xtol=1e-3))
    return partial(draw_noisy, noise=0.5, production_noise=production_noise)
