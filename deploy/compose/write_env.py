"""Write .env next to this file, with random passwords; add new variables to an old one.

Run as ``python3 deploy/compose/write_env.py [FILE]``; it needs no packages.
"""

import re
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).parent
VARIABLE = re.compile(r"^(\w+)=", re.MULTILINE)
EMPTY_SECRET = re.compile(r"^(\w+_(?:PASSWORD|SECRET_KEY|TOKEN))=$", re.MULTILINE)


def complete(example: str, written: str) -> str:
    """Return the new text of .env.

    Args:
        example: The text of .env.example.
        written: The current text of .env; empty if it does not exist.
    """
    known = set(VARIABLE.findall(written))
    if known:
        lines = [
            line
            for line in example.splitlines()
            if (found := VARIABLE.match(line)) and found[1] not in known
        ]
        added = "".join(f"{line}\n" for line in lines)
    else:
        added = example
    end = "\n" if written and not written.endswith("\n") else ""
    filled = EMPTY_SECRET.sub(lambda it: f"{it[1]}={secrets.token_hex(24)}", added)
    return f"{written}{end}{filled}"


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / ".env"
    file.touch(mode=0o600)
    text = complete(
        (HERE / ".env.example").read_text(encoding="utf-8"),
        file.read_text(encoding="utf-8"),
    )
    file.write_text(text, encoding="utf-8")
