"""Writes tables into pages, between two comments."""

import re
from pathlib import Path


def insert(page: Path, name: str, lines: list[str]) -> None:
    """Replace the text between two comments of a page; add them if missing."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text()
    if begin not in text:
        text = f"{text.rstrip()}\n\n{begin}\n{end}\n"
    new = "\n".join([begin, *lines, end])
    pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
    page.write_text(pattern.sub(lambda _: new, text))
