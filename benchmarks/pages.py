"""Parts of reports: sections of pages between comments, the name of the processor."""

import platform
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


def find_processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
