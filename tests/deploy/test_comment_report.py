"""The gate's report becomes a comment; a fake gh records its arguments."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "comment_report.sh"
GH = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1:3] == ["issue", "list"]:
    print(os.environ["ISSUE"])
"""


@pytest.fixture
def comment(tmp_path):
    """Comment a report; return the calls of gh after the search for the issue."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    report = tmp_path / "report.md"
    report.write_text("**better**: `$(rm -rf /)` 50 %s\n")

    def comment(issue: str) -> list[list[str]]:
        calls = tmp_path / "calls"
        environ = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "ISSUE": issue,
            "RUN_URL": "https://example.com/run/1",
        }
        subprocess.run([SCRIPT, report], env=environ, check=True)
        return [json.loads(line) for line in calls.read_text().splitlines()][1:]

    return comment


BODY = "**better**: `$(rm -rf /)` 50 %s\n\n[Workflow run](https://example.com/run/1)"


def test_a_report_is_added_to_the_open_issue(comment):
    assert comment("12") == [["issue", "comment", "12", "--body", BODY]]


def test_the_first_report_opens_the_issue(comment):
    calls = comment("")

    assert [call[:2] for call in calls] == [["label", "create"], ["issue", "create"]]
    assert calls[1][-2:] == ["--body", BODY]
