"""Every request in docs/how-to/call-the-api.md and docs/reference/api.md works."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from serving.openapi.feedback import EXAMPLE_ID

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = [
    DOCS / "how-to/call-the-api.md",
    DOCS / "how-to/explain.md",
    DOCS / "reference/api.md",
]
DOCUMENT = "\n".join(page.read_text() for page in PAGES)
CONSOLE = re.compile(r"```console\n\$ (.*?)\n(?!\$)(.+?)\n```", re.DOTALL)
CASES = CONSOLE.findall(DOCUMENT)


def shape_of(value):
    """Reduce JSON to names and types: ids and times differ each time."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape_of(inner) for inner in value]
    return type(value).__name__


def parse(text: str):
    """Return what does not depend on the processor: digits do, in the last places."""
    if text.startswith("{"):
        return shape_of(json.loads(text))
    return re.sub(r"\d\.\d+(e-\d+)?", "0.0", text)


@pytest.fixture
def server(filled, sqlite_url, store_predictions):
    store_predictions(sqlite_url, *[(EXAMPLE_ID, row, "setosa") for row in range(4)])
    return filled(database_url=sqlite_url)


def test_the_document_has_examples():
    assert len(CASES) > 8


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_line_gives_the_printed_answer(server):
    for command, printed in CASES:
        run = subprocess.run(
            ["/bin/bash", "-c", command.replace("127.0.0.1:8000", server.url[7:])],
            capture_output=True,
            text=True,
            check=True,
        )

        assert parse(run.stdout.strip()) == parse(printed), command
