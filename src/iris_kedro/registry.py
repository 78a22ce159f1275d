"""The model registry: versions, aliases and the record of promotions."""

import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from iris_kedro.errors import ProjectError

PRODUCTION, PREVIOUS, CHALLENGER = "Production", "Previous", "Challenger"
FINGERPRINT, COMPARED_WITH, STATE = "fingerprint", "compared_with", "state"
# The state of a version whose release is under way; afterwards it has none.
PROMOTING, REFUSING, FAILED = "promoting", "refusing", "failed"
# A version that is still on its way after this long belongs to a run that died.
PENDING_LIMIT = timedelta(minutes=10)
PROMOTION_PREFIX = "promotion."


@dataclass(frozen=True)
class Promotion:
    """One move of the alias Production, kept as a tag of the version it moved to."""

    at: datetime
    to: str
    origin: str | None
    action: str
    by: str


class Registry:
    """The versions of one registered model.

    Args:
        name: Name of the registered model.
        client: Client of the MLflow server; by default the configured one.
    """

    def __init__(self, name: str, client: MlflowClient | None = None) -> None:
        self.name = name
        self._client = client or MlflowClient()

    def aliases(self) -> dict[str, str]:
        """Return the version of each alias; nothing if nothing is registered."""
        try:
            model = self._client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return {}
            raise
        return {alias: str(version) for alias, version in model.aliases.items()}

    def versions(self) -> list[ModelVersion]:
        """Return all versions, oldest first."""
        return sorted(self._search(), key=lambda version: int(version.version))

    def fingerprints(self) -> dict[str, str]:
        """Return the version of each fingerprint.

        A version whose release died on its way counts only if it got its role, so
        that the next run repeats what is missing and nothing else.
        """
        in_role = set(self.aliases().values())
        return {
            version.tags[FINGERPRINT]: str(version.version)
            for version in self.versions()
            if FINGERPRINT in version.tags
            and (STATE not in version.tags or str(version.version) in in_role)
        }

    def tags(self, version: str) -> dict[str, str]:
        """Return the tags of a version."""
        tags: dict[str, str] = self._client.get_model_version(self.name, version).tags
        return tags

    def register(
        self,
        source: str,
        run_id: str,
        compared_with: str | None,
        state: str,
        tags: dict[str, str],
        description: str,
        model_id: str | None = None,
    ) -> str:
        """Create a version that is not yet in any role and return its number."""
        if not self.aliases():
            self._create_model()
        version = self._client.create_model_version(
            self.name,
            source,
            run_id=run_id or None,
            tags={**tags, COMPARED_WITH: compared_with or "", STATE: state},
            description=description,
            model_id=model_id,  # a server takes no models:/ source without it
        )
        return str(version.version)

    def begin(
        self,
        version: str,
        compared_with: str | None,
        state: str,
        tags: dict[str, str],
        description: str,
    ) -> None:
        """Begin the release of an existing version that was judged again."""
        new = {**tags, COMPARED_WITH: compared_with or "", STATE: state}
        for key, value in new.items():
            self._client.set_model_version_tag(self.name, version, key, value)
        self._client.update_model_version(self.name, version, description)

    def is_first_of_rivals(self, version: str, compared_with: str | None) -> bool:
        """Check that no other release has overtaken this version.

        Of the releases that were judged against the same Production model, the one
        registered first wins. Version numbers are given out one at a time, so all
        rivals come to the same answer without a lock.
        """
        oldest = datetime.now(UTC) - PENDING_LIMIT
        rivals = [
            int(rival.version)
            for rival in self.versions()
            if rival.tags.get(STATE) == PROMOTING
            and rival.tags.get(COMPARED_WITH) == (compared_with or "")
            and _created_at(rival) > oldest
        ]
        # Looked at last: a rival that is through by now has moved Production.
        return (
            min(rivals, default=int(version)) >= int(version)
            and self.aliases().get(PRODUCTION) == compared_with
        )

    def promote(self, version: str, action: str) -> Promotion:
        """Make a version Production, and the one before Previous.

        The move is recorded before it is made: if the process dies in between,
        ``history`` shows a move that did not happen, never a move without a record.

        Raises:
            ProjectError: If there is no such version, or it is Production already.
        """
        current = self.aliases().get(PRODUCTION)
        known = [str(each.version) for each in self.versions()]
        if version not in known:
            raise ProjectError(
                f"there is no version {version} of {self.name};"
                f" there are {', '.join(known) or 'none'}"
            )
        if version == current:
            raise ProjectError(f"version {version} is Production already")
        promotion = Promotion(datetime.now(UTC), version, current, action, _find_user())
        self._record(promotion)
        if current is not None:
            self.set_alias(PREVIOUS, current)
        self.set_alias(PRODUCTION, version)
        return promotion

    def rollback(self) -> Promotion:
        """Make the Previous version Production again.

        Raises:
            ProjectError: If there is no previous version.
        """
        previous = self.aliases().get(PREVIOUS)
        if previous is None:
            raise ProjectError(
                f"{self.name} has no Previous version to roll back to; see"
                " kedro model history, then kedro model promote VERSION"
            )
        return self.promote(previous, "rollback")

    def set_alias(self, alias: str, version: str) -> None:
        """Point an alias to a version."""
        self._client.set_registered_model_alias(self.name, alias, version)

    def complete(self, version: str) -> None:
        """Mark a version's release as finished."""
        self._client.delete_model_version_tag(self.name, version, STATE)

    def fail(self, version: str) -> None:
        """Mark a version's release as failed, so that no other one waits for it."""
        self._client.set_model_version_tag(self.name, version, STATE, FAILED)

    def withdraw(self, version: str) -> None:
        """Mark a version's release as given up, so that the next run repeats it."""
        self._client.delete_model_version_tag(self.name, version, FINGERPRINT)
        self.complete(version)

    def history(self, until: datetime | None = None) -> list[Promotion]:
        """Return the promotions, oldest first, optionally up to a time."""
        promotions = sorted(
            (
                promotion
                for version in self.versions()
                for promotion in _read_promotions(version)
            ),
            key=lambda promotion: promotion.at,
        )
        return [each for each in promotions if until is None or each.at <= until]

    def _create_model(self) -> None:
        try:
            self._client.create_registered_model(self.name)
        except MlflowException:
            # Somebody else was faster, or a version without an alias exists.
            self._client.get_registered_model(self.name)

    def _record(self, promotion: Promotion) -> None:
        values = {**asdict(promotion), "at": promotion.at.isoformat()}
        self._client.set_model_version_tag(
            self.name,
            promotion.to,
            f"{PROMOTION_PREFIX}{promotion.at.isoformat()}".replace("+", "_"),
            json.dumps(values),
        )

    def _search(self) -> Iterator[ModelVersion]:
        token = None
        while True:
            page = self._client.search_model_versions(
                f"name = '{self.name}'", page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # until and from Python 3.13
        return f"uid {os.getuid()}"  # a container may run as a number without a name


def _created_at(version: ModelVersion) -> datetime:
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC)


def _read_promotions(version: ModelVersion) -> Iterator[Promotion]:
    for key, value in version.tags.items():
        if key.startswith(PROMOTION_PREFIX):
            fields = json.loads(value)
            yield Promotion(**{**fields, "at": datetime.fromisoformat(fields["at"])})
