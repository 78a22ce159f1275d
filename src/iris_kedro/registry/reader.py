"""Read access to a registered model."""

from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient

from .judged_model import FINGERPRINT
from .releases import Releases, was_refused
from .storage.history import Event, History, find_hold, select_moves
from .storage.registered_model import RegisteredModel
from .trials import Trial, find_canary, find_guard


class RegistryReader:
    """Reads the versions, aliases and history of one registered model."""

    def __init__(self, name: str, client: MlflowClient | None = None) -> None:
        self.name = name
        self._model = RegisteredModel(name, client or MlflowClient())
        self._history = History(self._model)
        self._releases = Releases(self._model, self._history)

    def aliases(self) -> dict[str, str]:
        """Return the version of each alias; nothing if nothing is registered."""
        return self._model.read().aliases

    def versions(self) -> list[ModelVersion]:
        """Return all versions, oldest first."""
        return self._model.versions()

    def tags(self, version: str) -> dict[str, str]:
        """Return the tags of a version."""
        return dict(self._model.get_version(version).tags)

    def fingerprints(self) -> dict[str, str]:
        """Return the newest version of each fingerprint."""
        return {
            version.tags[FINGERPRINT]: str(version.version)
            for version in self.versions()
            if version.tags.get(FINGERPRINT)
        }

    def history(self) -> list[Event]:
        """Return all events, oldest first."""
        return self._history.read()

    def moves(self) -> list[Event]:
        """Return the events that changed Production, oldest first."""
        return select_moves(self.history())

    def hold(self) -> Event | None:
        """Return the event that put automatic releases on hold, if they are on hold."""
        return find_hold(self.history())

    def canary(self) -> Trial | None:
        """Return the running canary, or None."""
        return find_canary(self.aliases(), self.versions(), self.history())

    def guard(self) -> Trial | None:
        """Return the guard of Production, or None if it is not guarded."""
        return find_guard(self.aliases(), self.versions(), self.history())

    def find_same(self, fingerprint: str) -> str | None:
        """Return the newest version that is the same model, if any."""
        found = self._releases.find_same(fingerprint)
        return None if found is None else str(found.version)

    def needs_reason(self, version: ModelVersion) -> bool:
        """Check whether the gate refused a version that was never in Production."""
        once = {move.to for move in self.moves()}
        return was_refused(version) and str(version.version) not in once
