"""A short simulation of verdicts, as for docs/explanation/statistics.md."""

import pytest

from benchmarks.verdicts.__main__ import (
    find_delay,
    main,
    raise_alarms,
    render_delays,
)
from benchmarks.verdicts.service import Service, report


@pytest.mark.slow
@pytest.mark.parametrize("features", [4, 30])
def test_quiet_months_are_quiet(features):
    found = [raise_alarms(105, features, 2, number) for number in range(4)]

    assert [each.verdict for each in found] == ["quiet"] * 4
    assert not any(each.shown for each in found)


@pytest.mark.parametrize("training_rows", [105, 5_000])
def test_change_from_the_first_check_is_shown_with_few_training_rows(training_rows):
    service = Service(training_rows, 4, rate=10, quiet=0, hours=60, shift=1.5)

    assert all(find_delay(service, number) < 60 for number in range(3))


def test_change_after_quiet_checks_is_shown_soon():
    service = Service(105, 4, rate=20, quiet=100, hours=148, shift=1.0)

    delays = [find_delay(service, number) for number in range(4)]

    assert all(0 < each <= 24 for each in delays)


def test_verdict_names_the_feature_that_has_shifted():
    found = report(Service(5_000, 4, 20, quiet=48, hours=96, shift=1.0), [1])

    assert found["verdict"] == "data drift"
    assert found["reasons"][0].startswith("0 drifts: ")


def test_windows_with_different_traffic_have_the_same_verdict():
    quiet = report(Service(5_000, 2, 20_000, quiet=3, hours=3), [1])
    moved = report(Service(5_000, 2, 20_000, quiet=2, hours=3, shift=0.5), [1])

    assert quiet["verdict"] == "quiet"
    assert moved["features"]["0"]["shown_at"] is not None


def test_delays_are_rendered_by_training_rows():
    table = render_delays([50, 105], [0], [10], 1, map).splitlines()

    assert len(table) == 4
    assert table[-1].startswith("| 105 | 0 | 10 | ")


def test_short_simulation_prints_its_tables(capsys):
    main(["--short"])

    assert "| 50 | 4 | 10 | 0 of 2 |" in capsys.readouterr().out
