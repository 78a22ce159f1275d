import pytest
from rich.console import Console

from iris_kedro.datasets.batch.running import progress
from iris_kedro.datasets.batch.running.progress import show_progress
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Part

PARTS = [Part(number, "a", "csv", 0, 0, 1, 500_000) for number in range(4)]


class Clock:
    """A clock that is set by the test."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def score(clock, parts, seconds):
    for part in parts:
        clock.now += seconds
        yield Counts(rows=part.rows)


def test_all_results_are_taken(clock, caplog):
    results = score(clock, PARTS, 0.25)

    with caplog.at_level("INFO"):
        show_progress(results, PARTS, 4)

    assert list(results) == []
    assert "Scored 2,000,000 rows in 1.0 s, 2.0 million rows/s" in caplog.text


def test_log_shows_progress_from_time_to_time(clock, caplog):
    with caplog.at_level("INFO"):
        show_progress(score(clock, PARTS[1:], 6.0), PARTS[1:], 4)

    lines = [each.message for each in caplog.records]
    assert lines == [
        "3 of 4 parts, 1,000,000 rows, 83,333 rows/s, 6 s left",
        "Scored 1,500,000 rows in 18.0 s, 83,333 rows/s",
    ]


def test_terminal_has_a_bar_and_no_lines(clock, caplog, monkeypatch):
    terminal = Console(force_terminal=True, record=True, width=120)
    monkeypatch.setattr(progress, "Console", lambda stderr: terminal)

    with caplog.at_level("INFO"):
        show_progress(score(clock, PARTS, 11.0), PARTS, 4)

    assert "Scoring" in terminal.export_text()
    assert len(caplog.records) == 1


def test_nothing_to_score_is_not_an_error(clock, caplog):
    with caplog.at_level("INFO"):
        show_progress(iter(()), [], 4)

    assert "Scored 0 rows in 0.0 s" in caplog.text
