"""Syncs the store from the registry: versions are checked, then published."""

import logging
import time
from typing import Any

from serving.canary.share import read_share
from serving.config import Config
from serving.model.onnx_model import Version
from serving.model.status import FALLBACK_ALIAS
from serving.model.store import CURRENT, PARTNER, ROLES, SHADOW, Store, folder_name
from serving.registry.choice import AmbiguousModelError
from serving.registry.partner import find_partner, require_pair_with_current
from serving.registry.publishing.pruning import prune
from serving.registry.publishing.publisher import Publisher, Verify
from serving.registry.registry import (
    Registry,
    RegistryReplacedError,
    RegistryUnreachableError,
)
from serving.registry.reporter import Reporter

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
HISTORY_SECONDS = 5.0


class RegistrySync:
    """Brings the store up to date with the registry's aliases.

    Args:
        registry: The registry to sync from.
        store: The store to sync.
        config: The settings, with the aliases.
        verify: Raises ``ModelRefusedError`` for a model that workers could not serve.
        restarts: Number of restarts of the process, for the report.
    """

    def __init__(
        self,
        registry: Registry,
        store: Store,
        config: Config,
        verify: Verify = lambda _: None,
        restarts: int = 0,
    ) -> None:
        self._registry = registry
        self._store = store
        self._keep = config.keep_versions
        self._name = config.model_name
        self._alias = config.alias
        self._is_missing = False
        self._shadow_alias = config.shadow_alias
        self._publisher = Publisher(registry, store, verify)
        self._reporter = Reporter(store, restarts, config.poll_seconds)
        self._refused: dict[tuple[str, str], tuple[Version, float]] = {}
        self._paired_with: str | None = None
        self._history: dict[str, Any] | None = None
        self._history_problem = ""
        self._reads_history_at = 0.0

    def poll(self) -> None:
        """Poll the registry once, apply changes and write the report."""
        self._note_damage()
        # Written first, to reserve its space before a download fills the disk.
        self._reporter.write(is_polling=True)
        if not self._shadow_alias:
            self._follow(SHADOW, None)
        try:
            production = self._registry.resolve(self._alias)
            self._reporter.note_reached()
            self._reporter.report.is_ambiguous = False
            self._reporter.report.version = production.version if production else None
            self._note_missing(production is None)
            self._follow(CURRENT, production)
            self._follow_partner(production)
            if self._shadow_alias:
                self._follow(SHADOW, self._registry.resolve(self._shadow_alias))
            self._follow_history()
        except RegistryUnreachableError as error:
            self._reporter.note_unreachable(str(error))
        except AmbiguousModelError as error:
            self._reporter.note_reached()
            self._reporter.note_ambiguous(str(error))
        else:
            prune(self._store, self._keep)
        self._note_damage()
        self._reporter.write()

    def record_error(self, task: str, error: Exception) -> None:
        """Report an error that ended a poll."""
        self._reporter.record_error(task, error)
        self._reporter.write()

    def _note_missing(self, is_missing: bool) -> None:
        """Log once that no version has the alias: a name may be misspelled."""
        if is_missing and not self._is_missing:
            fields = {"model": self._name or "", "alias": self._alias}
            logger.warning("no version has the alias", extra={"fields": fields})
        self._is_missing = is_missing

    def _follow(
        self, role: str, version: Version | None, *, has_changed: bool = False
    ) -> None:
        """Assign a role to a version, unless it already has it or is refused.

        Args:
            role: The role.
            version: The version; None to withdraw the role.
            has_changed: Whether to check it again even if it has the role.
        """
        if version is None:
            # A registry without Production is a mistake: keep the last good model.
            if role != CURRENT:
                self._store.withdraw(role)
            self._reporter.forget_refusal(role)
            return
        is_intact = self._publisher.is_intact(role)
        if not is_intact:
            self._note_damage()  # so that the repair below is counted
        has_role = is_intact and self._publisher.is_published(role, version)
        is_done = has_role and not has_changed
        if is_done or self._try_publish(role, version, is_wanted=True):
            self._reporter.forget_refusal(role)
        elif role == PARTNER:
            self._store.withdraw(PARTNER)  # it must not handle requests any more
        elif role == CURRENT and not is_intact:
            self._fall_back(version)

    def _follow_partner(self, production: Version | None) -> None:
        """Publish the partner; check it again whenever Production has changed."""
        current = self._store.published(CURRENT)
        version = find_partner(self._registry, production, current)
        self._follow(PARTNER, version, has_changed=current != self._paired_with)
        self._paired_with = current

    def _follow_history(self) -> None:
        """Publish what the registry says about all versions, if it has changed."""
        if time.monotonic() < self._reads_history_at:
            return
        self._reads_history_at = time.monotonic() + HISTORY_SECONDS
        try:
            history = self._registry.read_history()
            if history is not None and history != self._history:
                self._store.write_history(history)
                self._history = history
        except RegistryUnreachableError as error:  # Production itself could be read
            self._note_history("history cannot be read", str(error))
        except OSError as error:  # of no importance for predictions
            self._note_history("history cannot be written", str(error.strerror))
        else:
            self._history_problem = ""

    def _note_history(self, problem: str, error: str) -> None:
        """Log once that the history cannot be read or written."""
        if problem != self._history_problem:
            logger.warning(problem, extra={"fields": {"error": error}})
        self._history_problem = problem

    def _fall_back(self, wanted: Version) -> None:
        """Publish Previous: Production is refused and the store has no model."""
        version = self._registry.resolve(FALLBACK_ALIAS)
        if version is None or folder_name(version) == folder_name(wanted):
            return
        if self._try_publish(CURRENT, version, is_wanted=False):
            fields = {"version": version.version, "wanted": wanted.version}
            logger.warning("fallback published", extra={"fields": fields})

    def _try_publish(self, role: str, version: Version, *, is_wanted: bool) -> bool:
        """Publish a version; return False if it is refused, now or a moment ago."""
        key = role, folder_name(version)
        refused, retry_at = self._refused.get(key, (None, 0.0))
        if refused == version and time.monotonic() < retry_at:
            return False
        try:
            self._publish(role, version)
        except (RegistryUnreachableError, RegistryReplacedError):
            raise
        except Exception as error:
            self._refused[key] = version, time.monotonic() + RETRY_SECONDS
            self._reporter.note_refusal(role, version, error, is_wanted=is_wanted)
            return False
        self._refused.pop(key, None)
        self._reporter.note_published(role, version)
        return True

    def _publish(self, role: str, version: Version) -> None:
        if role != PARTNER:
            self._publisher.publish(role, version)
            return
        read_share(version)  # before anything is downloaded
        require = require_pair_with_current(self._store)
        self._publisher.publish(role, version, require)

    def _note_damage(self) -> None:
        damaged = (self._publisher.find_damage(role) for role in ROLES)
        self._reporter.note_damage(next(filter(None, damaged), None))
