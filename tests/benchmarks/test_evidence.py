"""A short version of the simulation behind docs/explanation/statistics.md."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from benchmarks.evidence.__main__ import main
from benchmarks.evidence.detectors import compute_p_values, raise_alarms
from benchmarks.evidence.figures import draw_month_of_evidence, draw_rates
from benchmarks.evidence.simulation import Found, Quiet, simulate, summarize
from benchmarks.evidence.streams import CHANGE, HOURS, draw_month

RESULTS = {
    (0.0, 50): {"evidence": Quiet(0.0, 0.0)},
    (0.0, 0): {"ADWIN (river)": Quiet(0.25, 1.5)},
    (0.3, 50): {"evidence": Found(1.0, 7.0, 9.0)},
    (0.3, 0): {"ADWIN (river)": Found(1.0, 3.0, np.inf)},
    (0.5, 50): {"evidence": Found(1.0, 3.0, 4.0)},
    (0.5, 0): {"ADWIN (river)": Found(1.0, 2.0, 3.0)},
    (1.0, 50): {"evidence": Found(1.0, 1.0, 1.0)},
    (1.0, 0): {"ADWIN (river)": Found(1.0, 1.0, 1.0)},
}


def test_counts_are_those_of_the_rows():
    month = draw_month(0.5, 1_000, np.random.default_rng(0))

    reference, looks = month.count()

    assert (reference == 100).all()
    assert (looks.sum(axis=1) == 100).all()
    edge = np.quantile(month.reference, 0.1)
    assert (looks[:, 0] == (month.rows <= edge).sum(axis=1)).all()


def test_p_values_match_scipy():
    month = draw_month(0.5, 200, np.random.default_rng(1))

    expected = [
        ks_2samp(month.reference, rows, method="asymp").pvalue
        for rows in month.rows[::40]
    ]

    assert compute_p_values(month)[::40] == pytest.approx(expected, abs=1e-9)


def test_only_evidence_raises_no_alarm_in_a_month_without_drift():
    alarms = raise_alarms(draw_month(0, 1_000, np.random.default_rng(2)))

    assert not alarms["evidence"].any()
    assert alarms["PSI > 0.1"].any()
    assert alarms["Kolmogorov-Smirnov"].sum() > 5


def test_a_change_is_found_soon():
    found = simulate(1.0, 100, 4)["evidence"]

    assert found.share == 1
    assert found.late <= 5


def test_delay_counts_from_the_change_and_may_be_infinite():
    alarms = np.zeros((2, CHANGE + 10), dtype=bool)
    alarms[0, [3, CHANGE + 1]] = True

    assert summarize(0.5, list(alarms)) == Found(0.5, np.inf, np.inf)
    assert summarize(0.5, list(alarms[:1])) == Found(1, 2, 2)


def test_quiet_months_count_false_alarms():
    alarms = np.zeros((2, HOURS), dtype=bool)
    alarms[0, 3:5] = True

    assert summarize(0, list(alarms)) == Quiet(0.5, 1)


def test_figures_show_the_stated_rate_and_the_change():
    left, _ = draw_rates(RESULTS, [50], [0.3, 0.5, 1.0]).axes
    *_, evidence = draw_month_of_evidence().axes

    assert left.lines[-1].get_label() == "stated rate"
    log_e = evidence.lines[0].get_ydata()
    assert log_e[CHANGE - 1] < 0 < log_e[CHANGE + 24]


@pytest.mark.slow
def test_short_run_prints_tables(capsys):
    main(["--short"])

    assert "| evidence | 100000 | 0.0% |" in capsys.readouterr().out
