"""The operations of users and runs on a registered model."""

from typing import NoReturn

from mlflow.entities.model_registry import ModelVersion

from iris_kedro.errors import ProjectError

from .changes import TrialChanges
from .judged_model import FINGERPRINT, VERDICT, JudgedModel, Source
from .moves import move_production
from .pruning import delete_leftovers, delete_version, find_prunable
from .storage.history import (
    ENDED,
    PROMOTE,
    RESUME,
    ROLLBACK,
    SET,
    Cause,
    Event,
    find_user,
)
from .storage.registered_model import CANARY, PREVIOUS, PRODUCTION


class Registry(TrialChanges):
    """The versions of one registered model.

    One process at a time changes it. If a process dies during a change, the next one
    completes it.
    """

    def forget_fingerprint(self, version: str) -> None:
        """Stop reusing a version for equal models, because its files are damaged."""
        self._model.delete_version_tag(version, FINGERPRINT)

    def release(self, judged: JudgedModel, source: Source | None) -> str:
        """Register a judged model and assign its role; return its version.

        A model that is already registered keeps its version and needs no source.

        Raises:
            ProjectError: If that version has been deleted.
        """
        self._model.create()
        with self._locked() as lock:
            version = self.find_same(judged.fingerprint)
            if version is not None:
                self._releases.begin_again(judged, version)
            elif source is not None:
                version = self._releases.begin(judged, source)
            else:
                raise ProjectError(
                    "the version of this model has been deleted: run again"
                )
            self._releases.complete(version, lock)
        return version

    def promote(
        self, version: str, reason: str = "", *, is_guarded: bool = False
    ) -> Event:
        """Make a version Production, the current one Previous, and end a hold.

        A canary ends. With ``is_guarded``, the new version is guarded from then on.

        Raises:
            ProjectError: If the version does not exist or is already Production, or if
                the gate refused it and no reason is given.
        """
        self._require(version)
        with self._locked() as lock:
            self._check_promotion(self._require(version), reason)
            return move_production(
                self._model,
                self._history,
                lock,
                to=version,
                action=PROMOTE,
                cause=Cause(reason),
                hold=ENDED if self.hold() else "",
                is_guarded=is_guarded,
            )

    def rollback(self, reason: str = "") -> Event:
        """Make the Previous version Production again and put releases on hold.

        A canary ends, even if there is no Previous version. During the hold of a
        rollback, another one does nothing: two people who react to the same problem
        roll back once.

        Raises:
            ProjectError: If there is neither a previous version nor a canary.
        """
        if not {PREVIOUS, CANARY} & self.aliases().keys() and self.hold() is None:
            self._refuse_rollback()
        with self._locked() as lock:
            hold, aliases = self.hold(), self.aliases()
            if hold is not None and hold.to in {None, aliases.get(PRODUCTION)}:
                return hold
            cause = Cause(reason)
            if PREVIOUS in aliases:
                self._check_rollback(aliases.get(PRODUCTION))
                return move_production(
                    self._model,
                    self._history,
                    lock,
                    to=aliases[PREVIOUS],
                    action=ROLLBACK,
                    cause=cause,
                    hold=SET,
                )
            if CANARY in aliases:
                return self._change(
                    lock, cause, action=ROLLBACK, version=aliases[CANARY], hold=SET
                )
        self._refuse_rollback()

    def resume(self) -> Event | None:
        """End the hold on automatic releases; return None if there was none."""
        if self.hold() is None:
            return None
        with self._locked() as lock:
            if self.hold() is None:
                return None
            event = Event(self._history.find_time(), RESUME, find_user(), hold=ENDED)
            lock.renew()
            self._history.write(event)
            return event

    def prune(self, keep: int) -> tuple[list[str], str]:
        """Delete all but the newest versions that have no alias.

        Returns:
            The deleted versions, and what the user has to do to free their space.
        """
        if not self._model.exists():
            return [], ""
        with self._locked() as lock:
            versions = find_prunable(self._model, keep)
            for version in versions:
                delete_version(self._model, version, lock)
        return [str(each.version) for each in versions], delete_leftovers(self._model)

    def _require(self, version: str) -> ModelVersion:
        versions = {str(each.version): each for each in self.versions()}
        if version not in versions:
            raise ProjectError(
                f"there is no version {version} of {self.name};"
                f" there are {', '.join(versions) or 'none'}"
            )
        return versions[version]

    def _refuse_rollback(self) -> NoReturn:
        raise ProjectError(
            f"{self.name} has no Previous version to roll back to; see"
            " kedro model history, then kedro model promote VERSION"
        )

    def _check_rollback(self, production: str | None) -> None:
        last = self.moves()[-1:]
        if last and last[0].action == ROLLBACK and last[0].to == production:
            raise ProjectError(
                f"version {production} is already Production by a rollback; choose"
                " another one with kedro model promote VERSION"
            )

    def _check_promotion(self, version: ModelVersion, reason: str) -> None:
        number = str(version.version)
        if number == self.aliases().get(PRODUCTION):
            raise ProjectError(f"version {number} is already Production")
        if self.needs_reason(version) and not reason.strip():
            raise ProjectError(
                f"the gate decided against version {number}"
                f" ({version.tags[VERDICT]}). To promote it anyway, give a reason:"
                f' kedro model promote {number} --reason "…"'
            )
