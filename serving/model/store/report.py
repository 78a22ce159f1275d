"""The follower's report: the state of the registry, and refusals."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from serving.model.freshness import is_overdue
from serving.model.store.files import (
    DISK_FULL,
    overwrite_file,
    read_json,
    replace_file,
)

PAGE = 4096
READS = 3  # a report that is being overwritten in place is complete the next time

NUMBER, TEXT, OBJECT = (int, float), (str,), (dict,)
TYPES: dict[str, tuple[type, ...]] = {
    "reachable": (bool,),
    "last_seen": NUMBER,
    "unreachable_since": NUMBER,
    "is_ambiguous": (bool,),
    "version": TEXT,
    "last_refusal": OBJECT,
    "refused": OBJECT,
    "damaged": TEXT,
    "repairs": (int,),
    "restarts": (int,),
    "errors": (int,),
    "last_error": OBJECT,
    "reported_at": NUMBER,
    "next_report_seconds": NUMBER,
}


@dataclass
class FollowerReport:
    """What the follower knows, for workers to publish.

    Attributes:
        reachable: Whether the registry responded to the last poll.
        last_seen: When it last responded, in seconds since the epoch.
        unreachable_since: When it stopped responding, in seconds since the epoch.
        is_ambiguous: Whether several models have the alias, and none is configured.
        version: The version that has Production's alias.
        last_refusal: The current refusal: role, version, reason, detail.
        refused: Number of refusals by reason.
        damaged: The published version whose files are damaged, as a folder name.
        repairs: Number of damaged versions that were replaced.
        restarts: Number of restarts of the follower.
        errors: Number of its unexpected errors.
        last_error: The last one: task, type and time.
        reported_at: When this was reported, in seconds since the epoch.
        next_report_seconds: Seconds within which the next report is due.
    """

    reachable: bool = False
    last_seen: float | None = None
    unreachable_since: float | None = None
    is_ambiguous: bool = False
    version: str | None = None
    last_refusal: dict[str, str] | None = None
    refused: dict[str, int] = field(default_factory=dict)
    damaged: str | None = None
    repairs: int = 0
    restarts: int = 0
    errors: int = 0
    last_error: dict[str, Any] | None = None
    reported_at: float | None = None
    next_report_seconds: float | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FollowerReport":
        """Read a report, even from an older or newer follower."""
        known = {
            name: value[name]
            for name, types in TYPES.items()
            if isinstance(value.get(name), types)
        }
        return cls(**known)

    @property
    def has_polled(self) -> bool:
        """Whether the registry has been polled, with or without success."""
        return self.last_seen is not None or self.unreachable_since is not None

    @property
    def is_overdue(self) -> bool:
        """Whether the follower has stopped reporting."""
        if self.reported_at is None or self.next_report_seconds is None:
            return False  # an older follower does not report it
        return is_overdue(self.reported_at, self.next_report_seconds, time.time())


def read_report(path: Path) -> FollowerReport | None:
    """Read the report; None if there is none or it cannot be read."""
    for _ in range(READS):
        try:
            value = read_json(path)
        except (OSError, ValueError):
            continue
        return None if value is None else FollowerReport.from_json(value)
    return None


def write_report(path: Path, report: FollowerReport | Mapping[str, Any]) -> None:
    """Replace the report; it is not flushed, because it is outdated in seconds.

    Raises:
        OSError: If it can neither be replaced nor, on a full disk, overwritten.
    """
    value = asdict(report) if isinstance(report, FollowerReport) else dict(report)
    content = json.dumps(value, indent=2).encode()
    # Whole pages, so that a later report fits into the same space.
    content = content.ljust(-(-len(content) // PAGE) * PAGE)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        replace_file(path, content, sync=False)
    except OSError as error:
        if error.errno not in DISK_FULL or not overwrite_file(path, content):
            raise
