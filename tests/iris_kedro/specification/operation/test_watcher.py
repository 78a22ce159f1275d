import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Watcher, check_names, check_watcher


def test_a_project_without_the_file_has_defaults():
    check_watcher({})

    assert Watcher().triggers.source_minutes is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"triggers": {"schedule": "every day"}}, "watcher.triggers.schedule: '"),
        ({"triggers": {"monitoring": "99 * * * *"}}, "not a cron expression"),
        ({"triggers": {"webhook": "8001"}}, "is not HOST:PORT"),
        ({"triggers": {"webhook": "127.0.0.1:99999"}}, "is not HOST:PORT"),
        ({"triggers": {"labels": 0}}, "greater than or equal to 1"),
        ({"triggers": {"verdicts": ["drift"]}}, "data drift"),
        ({"rules": {"runs_a_day": 3}}, "did you mean 'runs_per_day'"),
        (
            {"poll_seconds": 60, "lease_seconds": 90},
            "must be at least 3 times poll_seconds",
        ),
        ({"lease_seconds": 5, "poll_seconds": 1}, "greater than or equal to 30"),
    ],
)
def test_invalid_parameter_is_named(given, message):
    with pytest.raises(ProjectError, match=message):
        check_watcher({"watcher": given})


def test_an_unknown_name_stops_every_run():
    with pytest.raises(ProjectError, match="watcher has no parameter 'trigers'"):
        check_names({"watcher": {"trigers": {}}})
