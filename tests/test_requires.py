"""What a test that needs a program does without it."""

import sys
from pathlib import Path

import pytest

MISSING = "program-that-nobody-has"


def test_a_program_is_found(requires, monkeypatch):
    python = Path(sys.executable)
    monkeypatch.setenv("PATH", str(python.parent))

    assert requires(python.name) == str(python)


def test_without_it_the_test_is_skipped_with_the_reason(requires, monkeypatch):
    monkeypatch.setenv("IRIS_TEST_REQUIRE", "chromium")

    with pytest.raises(pytest.skip.Exception, match=f"apt-get install {MISSING}"):
        requires(MISSING)


def test_where_it_is_required_the_test_fails(requires, monkeypatch):
    monkeypatch.setenv("IRIS_TEST_REQUIRE", f"chromium,{MISSING}")

    with pytest.raises(pytest.fail.Exception, match=MISSING):
        requires(MISSING)
