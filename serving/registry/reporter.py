"""Writes the follower's report and logs changes."""

import logging
import os
import time

from serving.model.freshness import limit_silence
from serving.model.onnx_model import ModelRefusedError, Version
from serving.model.store import ROLES, Store
from serving.model.store.files import DISK_FULL
from serving.model.store.report import FollowerReport
from serving.monitoring.tasks import TaskErrors

logger = logging.getLogger(__name__)


class Reporter:
    """Records the state of the registry and of versions.

    Args:
        store: Contains the report. Only counts and damage are kept after a restart: the
            state of the registry may have changed.
        restarts: Number of restarts of the process.
        interval: Seconds between polls.
    """

    def __init__(self, store: Store, restarts: int = 0, interval: float = 0.0) -> None:
        self._store = store
        self._interval = interval
        self._errors = TaskErrors()
        self._cannot_write: int | None = None
        self._refusals: dict[str, dict[str, str]] = {}
        self.report = _start_report(store.read_report())
        self.report.restarts = restarts

    def note_reached(self) -> None:
        """Record that the registry responded."""
        if not self.report.reachable:
            logger.info("registry reachable")
        self.report.reachable = True
        self.report.last_seen = time.time()
        self.report.unreachable_since = None

    def note_unreachable(self, detail: str) -> None:
        """Record that the registry cannot be reached."""
        if self.report.unreachable_since is None:
            self.report.unreachable_since = time.time()
            fields = {"detail": detail}
            logger.warning("registry unreachable", extra={"fields": fields})
        self.report.reachable = False

    def note_ambiguous(self, detail: str) -> None:
        """Record that several models have the alias; readiness does not name them."""
        if not self.report.is_ambiguous:
            logger.error("model ambiguous", extra={"fields": {"detail": detail}})
        self.report.is_ambiguous = True

    def note_refusal(
        self, role: str, version: Version, error: Exception, *, is_wanted: bool
    ) -> None:
        """Record that a version is refused.

        Args:
            role: The role that it should have.
            version: The version.
            error: The reason.
            is_wanted: Whether the role's alias points to it; the refusal of a
                fallback must not hide that of Production.
        """
        reason, detail = _explain(error)
        if reason == "error":
            self.record_error("follower", error)
        refusal = {
            "role": role,
            "version": version.version,
            "reason": reason,
            "detail": detail,
        }
        self.report.refused[reason] = self.report.refused.get(reason, 0) + 1
        if is_wanted:
            self._refusals[role] = refusal
            self._report_refusal()
        logger.error("version refused", extra={"fields": refusal})

    def note_published(self, role: str, version: Version) -> None:
        """Record that a version was published."""
        fields = {"role": role, "version": version.version}
        logger.info("version published", extra={"fields": fields})

    def forget_refusal(self, role: str) -> None:
        """Record that a role has the version of its alias, or that none exists."""
        self._refusals.pop(role, None)
        self._report_refusal()

    def note_damage(self, name: str | None) -> None:
        """Record which published version is damaged; None if none is."""
        if self.report.damaged and name is None:
            self.report.repairs += 1
            fields = {"name": self.report.damaged}
            logger.warning("stored version repaired", extra={"fields": fields})
        self.report.damaged = name

    def record_error(self, task: str, error: Exception) -> None:
        """Record an unexpected error."""
        self._errors.record(task, error)
        self.report.errors += 1
        self.report.last_error = self._errors.last

    def _report_refusal(self) -> None:
        """Report one refusal; Production's has priority over the shadow's."""
        refused = (role for role in ROLES if role in self._refusals)
        self.report.last_refusal = self._refusals.get(next(refused, ""))

    def write(self, *, is_polling: bool = False) -> None:
        """Write the report; log once if that fails.

        Args:
            is_polling: Whether a poll is in progress; the next report follows its end.
        """
        self.report.reported_at = time.time()
        self.report.next_report_seconds = limit_silence(
            self._interval, is_polling=is_polling
        )
        try:
            self._store.write_report(self.report)
        except OSError as error:
            if error.errno != self._cannot_write:
                fields = {"reason": _explain(error)[0], "error": error.strerror}
                logger.error(
                    "follower report cannot be written", extra={"fields": fields}
                )
            self._cannot_write = error.errno
        else:
            self._cannot_write = None


def _start_report(previous: FollowerReport | None) -> FollowerReport:
    """Start a report that continues the previous follower's."""
    if previous is None:
        return FollowerReport()
    return FollowerReport(
        refused=previous.refused,
        damaged=previous.damaged,
        repairs=previous.repairs,
        errors=previous.errors,
        last_error=previous.last_error,
    )


def _explain(error: Exception) -> tuple[str, str]:
    """Return a refusal's reason in one word, and its detail for the log."""
    if isinstance(error, ModelRefusedError):
        return error.reason, str(error)
    if isinstance(error, OSError):
        reason = "disk_full" if error.errno in DISK_FULL else "store"
        return reason, os.strerror(error.errno or 0)
    return "error", type(error).__name__
