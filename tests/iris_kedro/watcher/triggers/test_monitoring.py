import json

import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.watcher.triggers.monitoring import read_report

REPORT = {"model": "iris", "version": "7", "as_of": "2026-11-01", "verdict": "quiet"}


def test_report_can_have_additional_fields(tmp_path):
    file = tmp_path / "monitoring.json"
    file.write_text(json.dumps({**REPORT, "predictions": {}, "reasons": ["calm"]}))

    report = read_report(file)

    assert (report.version, report.verdict, report.reasons) == ("7", "quiet", ["calm"])


def test_missing_report_is_none(tmp_path):
    assert read_report(tmp_path / "monitoring.json") is None


@pytest.mark.parametrize("content", ["{", "{}", "[]"])
def test_invalid_report_is_named(tmp_path, content):
    file = tmp_path / "monitoring.json"
    file.write_text(content)

    with pytest.raises(ProjectError, match="not a report"):
        read_report(file)
