import json

import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.watcher.triggers.monitoring import read_report

REPORT = {"model": "iris", "version": "7", "as_of": "2026-11-01", "verdict": "quiet"}


def test_a_report_may_say_more_than_the_watcher_reads(tmp_path):
    file = tmp_path / "monitoring.json"
    file.write_text(json.dumps({**REPORT, "predictions": {}, "reasons": ["calm"]}))

    report = read_report(file)

    assert (report.version, report.verdict, report.reasons) == ("7", "quiet", ["calm"])


def test_there_may_be_none_yet(tmp_path):
    assert read_report(tmp_path / "monitoring.json") is None


@pytest.mark.parametrize("content", ["{", "{}", "[]"])
def test_another_file_is_named(tmp_path, content):
    file = tmp_path / "monitoring.json"
    file.write_text(content)

    with pytest.raises(ProjectError, match="not a report"):
        read_report(file)
