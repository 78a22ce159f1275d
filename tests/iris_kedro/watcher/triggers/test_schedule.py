from datetime import UTC, datetime

import pytest

from iris_kedro.watcher.triggers.schedule import find_due


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("since", "now", "due"),
    [
        ("27T09:00:01", "27T09:59:59", None),
        ("27T08:59:59", "27T09:00:00", "27T09:00:00"),
        ("27T09:00:00", "27T09:00:00", None),
        ("27T08:59:59", "27T09:30:00", "27T09:00:00"),
        ("20T00:00:00", "27T09:30:00", "27T09:00:00"),  # missed times count once
    ],
)
def test_last_unhandled_time_is_due(since, now, due):
    found = find_due("0 * * * *", at(since), at(now))

    assert found == (None if due is None else at(due))


def test_times_are_utc():
    assert find_due("30 3 * * 5", at("20T03:30:00"), at("27T12:00:00")) == at(
        "27T03:30:00"
    )
