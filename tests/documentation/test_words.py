"""scripts/words.sh: misspellings and phrases that the project avoids."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation.clone import ROOT


@pytest.fixture
def check(requires, tmp_path):
    """Return a function that checks the words of a text in a repository."""
    (tmp_path / "scripts").mkdir()
    for name in ("words.sh", "phrases.txt"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    git = requires("git")
    subprocess.run([git, "init", "--quiet", tmp_path], check=True)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def check(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "page.md").write_text(text)
        subprocess.run([git, "add", "page.md"], cwd=tmp_path, check=True)
        return subprocess.run(
            [tmp_path / "scripts/words.sh"],
            cwd=tmp_path,
            env={"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return check


def test_plain_words_pass(check):
    assert check("Train the model again.\n").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "It will recieve a row.",  # codespell:ignore
        "Train the model \x61new.",
        "A m\x65nded file.",
        "A process of it\x73 own.",
        "def describe_\x61new(model): ...",
        "def test_change_is_\x74old(): ...",
        "\x74old_once = True",
        "def test_runs_in_a_process_of_it\x73_own(): ...",
    ],
)
def test_misspellings_and_phrases_are_found(check, text):
    result = check(f"{text}\n")

    assert result.returncode == 1
    assert "page.md:1" in result.stdout
