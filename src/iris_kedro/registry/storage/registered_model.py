"""One registered model of MLflow, with its versions, aliases and tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlflow.entities.model_registry import ModelVersion
from mlflow.entities.model_registry import RegisteredModel as MlflowModel
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

PRODUCTION, PREVIOUS, CHALLENGER = "Production", "Previous", "Challenger"
CANARY = "Canary"
# Tags of versions.
NOTE = "note"  # why it is not Production although it passed the gate
SHARE = "canary_share"  # of the requests that it answers as a canary, such as 0.05
GUARDED, GUARDED_SINCE = "guarded", "guarded_since"  # on the version in Production
# A tag of the registered model.
TRIAL = "trial"  # the current evidence about a canary or guard, as JSON
DESCRIPTION = """\
- **Production** answers requests.
- **Previous** is the version that a rollback returns to.
- **Canary** answers a share of the requests, to be compared with Production.
- **Challenger** is the last version that was not promoted; its description says why.

`kedro model history` lists every move, by whom and why.
"""


@dataclass(frozen=True)
class Snapshot:
    """The aliases and tags of a registered model at one moment."""

    aliases: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class RegisteredModel:
    """Reads and changes a registered model, which may not exist yet."""

    def __init__(self, name: str, client: MlflowClient) -> None:
        self.name = name
        self.client = client

    def create(self) -> None:
        """Create the registered model if it does not exist."""
        try:
            self.client.create_registered_model(self.name, description=DESCRIPTION)
        except MlflowException:
            self.client.get_registered_model(self.name)  # it exists already

    def exists(self) -> bool:
        """Check whether the registered model exists."""
        return self._get() is not None

    def read(self) -> Snapshot:
        """Return aliases and tags; both are empty if nothing is registered."""
        model = self._get()
        if model is None:
            return Snapshot()
        aliases = {alias: str(number) for alias, number in model.aliases.items()}
        return Snapshot(aliases, dict(model.tags))

    def versions(self) -> list[ModelVersion]:
        """Return all versions, oldest first."""
        return sorted(self._search(), key=lambda version: int(version.version))

    def get_version(self, number: str) -> ModelVersion:
        """Return a version."""
        return self.client.get_model_version(self.name, number)

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag of the registered model."""
        self.client.set_registered_model_tag(self.name, key, value)

    def delete_tag(self, key: str) -> None:
        """Delete a tag of the registered model, if it exists."""
        self.client.delete_registered_model_tag(self.name, key)

    def set_version_tag(self, number: str, key: str, value: str) -> None:
        """Set a tag of a version."""
        self.client.set_model_version_tag(self.name, number, key, value)

    def delete_version_tag(self, number: str, key: str) -> None:
        """Delete a tag of a version, if it exists."""
        self.client.delete_model_version_tag(self.name, number, key)

    def set_alias(self, alias: str, number: str) -> None:
        """Point an alias to a version."""
        self.client.set_registered_model_alias(self.name, alias, number)

    def delete_alias(self, alias: str) -> None:
        """Delete an alias."""
        self.client.delete_registered_model_alias(self.name, alias)

    def _get(self) -> MlflowModel | None:
        try:
            return self.client.get_registered_model(self.name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise

    def _search(self) -> Iterator[ModelVersion]:
        token = None
        while True:
            page = self.client.search_model_versions(
                f"name = '{self.name}'", page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return


def read_share(tags: Mapping[str, str]) -> float | None:
    """Return the share of the requests that a version answers as a canary.

    None if it is not a canary. An invalid share counts as 0, as in the service, which
    then sends it no requests.
    """
    if SHARE not in tags:
        return None
    try:
        share = float(tags[SHARE])
    except ValueError:
        return 0.0
    return share if 0 <= share <= 1 else 0.0
