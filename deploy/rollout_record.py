"""What ran before a rollout, in a file until it has ended.

A rollout that is killed leaves the file, from which ``undo_rollout.py`` goes back.
"""

import json
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "build" / "rollout-before.json"


def write(before: dict[str, Any]) -> None:
    """Keep what runs now."""
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(before), encoding="utf-8")


def read() -> dict[str, Any] | None:
    """Return what ran before a rollout that has not ended, or None."""
    if not RECORD.exists():
        return None
    return dict(json.loads(RECORD.read_text(encoding="utf-8")))


def forget() -> None:
    """Note that the rollout has ended, well or rolled back."""
    RECORD.unlink(missing_ok=True)
