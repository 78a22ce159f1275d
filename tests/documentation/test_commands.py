"""Every command of the documentation is run by a test, or says what it needs.

A comment says which, for the rest of its section, or of the page if it is at its top:
``<!-- commands: tests/… -->`` or ``<!-- commands: needs … -->``.
"""

import re

import click
import pytest
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.startup import bootstrap_project

from tests.documentation.clone import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
MAKEFILE = (ROOT / "Makefile").read_text().replace("\\\n", " ")
MARK = re.compile(r"<!-- commands: (.+) -->")
HEADING = re.compile(r"(#+) ")
SHELL = ("```sh", "```shell", "```bash", "```console")
NAME = "{0.parent.name}/{0.name}".format


def find_unmarked(text: str) -> list[str]:
    """Return the first line of each block of commands without a mark."""
    unmarked, marks, level, is_code = [], {}, 0, False
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("```"):
            is_code = not is_code
            if is_code and line.startswith(SHELL) and not marks:
                unmarked.append(following)
        elif not is_code and (heading := HEADING.match(line)):
            level = len(heading[1])
            marks = {each: mark for each, mark in marks.items() if each < level}
        elif not is_code and (mark := MARK.fullmatch(line)):
            marks[level] = mark[1]
    return unmarked


@pytest.mark.parametrize("page", PAGES, ids=NAME)
def test_every_block_of_commands_is_marked(page):
    assert find_unmarked(page.read_text()) == []


@pytest.mark.parametrize("page", PAGES, ids=NAME)
def test_marks_name_a_test_that_reads_the_page_or_a_need(page):
    for mark in MARK.findall(page.read_text()):
        if not mark.startswith("needs "):
            assert page.name in (ROOT / mark).read_text()


def test_a_mark_is_valid_until_the_end_of_its_section():
    block = "```sh\nmake\n```"
    text = f"# A\n## B\n<!-- commands: needs C -->\n### D\n{block}\n## E\n{block}"

    assert find_unmarked(text) == ["make"]


@pytest.fixture(scope="module")
def kedro():
    """Return kedro's commands in this project."""
    bootstrap_project(ROOT)
    return KedroCLI(ROOT)


def find_command(kedro, words):
    """Return the command of kedro that words name, or None."""
    command, context = kedro, click.Context(kedro)
    for word in words:
        if not isinstance(command, click.Group) or not re.match(r"[a-z]", word):
            break
        command = command.get_command(context, word)
    return command


@pytest.mark.parametrize("page", PAGES, ids=NAME)
def test_commands_in_the_text_exist(page, kedro):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    spans = [span.split() for span in re.findall(r"`((?:make|kedro) [^`]+)`", text)]
    targets = re.search(r"^\.PHONY:(.*)", MAKEFILE, re.MULTILINE)[1].split()

    for program, *words in spans:
        if program == "kedro":
            assert find_command(kedro, words), words
        else:
            names = [word for word in words if "=" not in word]
            assert names[0] in targets
