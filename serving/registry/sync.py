"""Syncs the store from the registry: versions are checked, then published."""

import logging
import time

from serving.config import Config
from serving.model.onnx_model import Version
from serving.model.status import FALLBACK_ALIAS
from serving.model.store import CURRENT, SHADOW, Store, folder_name
from serving.registry.choice import AmbiguousModelError
from serving.registry.pruning import prune
from serving.registry.publisher import Prove, Publisher
from serving.registry.registry import (
    Registry,
    RegistryReplacedError,
    RegistryUnreachableError,
)
from serving.registry.reporter import Reporter

logger = logging.getLogger(__name__)

RETRY_SECONDS = 60.0


class RegistrySync:
    """Brings the store up to date with the registry's aliases.

    Args:
        registry: What to sync from.
        store: What to sync.
        config: Names the aliases.
        prove: Raises ``ModelRefusedError`` for a model that workers could not serve.
        restarts: How often the process was restarted, for the report.
    """

    def __init__(
        self,
        registry: Registry,
        store: Store,
        config: Config,
        prove: Prove = lambda _: None,
        restarts: int = 0,
    ) -> None:
        self._registry = registry
        self._store = store
        self._keep = config.keep_versions
        self._aliases = {CURRENT: config.alias}
        if config.shadow_alias:
            self._aliases[SHADOW] = config.shadow_alias
        self._publisher = Publisher(registry, store, prove)
        self._reporter = Reporter(store, restarts)
        self._retry_at: dict[str, float] = {}

    def poll(self) -> None:
        """Poll the registry once and apply what changed; write the report."""
        self._note_damage()
        self._reporter.write()  # reserves its space before a download fills the disk
        if SHADOW not in self._aliases:
            self._store.withdraw(SHADOW)
            self._reporter.forget_refusal(SHADOW)
        try:
            for role, alias in self._aliases.items():
                version = self._registry.resolve(alias)
                self._reporter.note_reached()
                self._reporter.report.is_ambiguous = False
                self._follow(role, version)
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

    def _follow(self, role: str, version: Version | None) -> None:
        """Give a role to a version, unless it has it or is refused."""
        if role == CURRENT:
            self._reporter.report.version = version.version if version else None
        if version is None:
            # Production without a version is a mistake: keep the last good model.
            if role == SHADOW:
                self._store.withdraw(SHADOW)
            self._reporter.forget_refusal(role)
            return
        is_intact = self._publisher.is_intact(role)
        if not is_intact:
            self._note_damage()  # or its repair below would not be counted
        has_role = is_intact and self._publisher.is_published(role, version)
        if has_role or self._try_publish(role, version, is_wanted=True):
            self._reporter.forget_refusal(role)
        elif role == CURRENT and not is_intact:
            self._fall_back(version)

    def _fall_back(self, wanted: Version) -> None:
        """Publish Previous: Production is refused, and the store has no other model."""
        version = self._registry.resolve(FALLBACK_ALIAS)
        if version is None or folder_name(version) == folder_name(wanted):
            return
        if self._try_publish(CURRENT, version, is_wanted=False):
            fields = {"version": version.version, "wanted": wanted.version}
            logger.warning("fallback published", extra={"fields": fields})

    def _try_publish(self, role: str, version: Version, *, is_wanted: bool) -> bool:
        """Publish a version; return False if it is refused, or was just before."""
        name = folder_name(version)
        if time.monotonic() < self._retry_at.get(name, 0):
            return False
        try:
            self._publisher.publish(role, version)
        except (RegistryUnreachableError, RegistryReplacedError):
            raise
        except Exception as error:
            self._retry_at[name] = time.monotonic() + RETRY_SECONDS
            self._reporter.note_refusal(role, version, error, is_wanted=is_wanted)
            return False
        self._retry_at.pop(name, None)
        self._reporter.note_published(role, version)
        return True

    def _note_damage(self) -> None:
        damaged = (self._publisher.find_damage(role) for role in self._aliases)
        self._reporter.note_damage(next(filter(None, damaged), None))
