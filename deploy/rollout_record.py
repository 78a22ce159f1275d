"""A file with the state before a rollout, which exists until the rollout has ended.

If a rollout is killed, ``undo_rollout.py`` uses the file to roll back.
"""

import json
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "build" / "rollout-before.json"


def write(before: dict[str, Any]) -> None:
    """Write the current state."""
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps(before), encoding="utf-8")


def read() -> dict[str, Any] | None:
    """Return the state before a rollout that has not ended, or None."""
    if not RECORD.exists():
        return None
    return dict(json.loads(RECORD.read_text(encoding="utf-8")))


def forget() -> None:
    """Remove the file: the rollout has succeeded or was rolled back."""
    RECORD.unlink(missing_ok=True)
