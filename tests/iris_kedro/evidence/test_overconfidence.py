import numpy as np
import pytest

from iris_kedro.evidence.overconfidence import STAKES, bet, show_overconfidence

MARGIN = 0.05


def simulate(generator, right, looks=720, rows=5):
    """Return the evidence of rows with confidence 0.9 and this accuracy."""
    correct = generator.random((looks, rows)) < np.asarray(right)
    bets = bet(np.full(looks * rows, 0.9), correct.ravel(), MARGIN)
    return show_overconfidence(bets.reshape(looks, rows, -1).sum(axis=1))


def test_bets_are_fair_at_the_margin():
    factors = np.exp(bet(np.full(2, 0.9), np.array([True, False]), MARGIN))

    assert factors[0] * 0.85 + factors[1] * 0.15 == pytest.approx(np.ones(len(STAKES)))


@pytest.mark.slow
def test_model_at_the_margin_rarely_raises_an_alarm():
    generator = np.random.default_rng(0)

    alarms = sum((simulate(generator, 0.85) >= np.log(100)).any() for _ in range(200))

    assert alarms <= 4  # 1 % of 200 months is 2


def test_loss_after_a_long_stable_period_is_found_within_two_days():
    right = np.where(np.arange(720) < 500, 0.92, 0.6)[:, None]

    log_e = simulate(np.random.default_rng(0), right)

    assert (log_e[:500] < np.log(100)).all()
    assert (log_e[548:] >= np.log(100)).all()


def test_looks_without_labels_hardly_change_the_evidence():
    assert show_overconfidence(np.zeros((100, len(STAKES)))) == pytest.approx(0)
