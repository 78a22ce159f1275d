"""Chooses the registered model to serve if none is configured."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

DIGEST_TAG = "file_digest"  # on the versions that training registers


class AmbiguousModelError(Exception):
    """Several models could be served, and none is configured."""

    def __init__(self, names: list[str], alias: str) -> None:
        self.names = names
        super().__init__(
            f"several models have the alias {alias}: {', '.join(names)}; set"
            " IRIS_MODEL_NAME to one of them"
        )


def find_model(client: "MlflowClient", alias: str, served: str | None) -> str | None:
    """Find the only model with an alias; only versions from training count.

    Returns:
        Its name, or None if there is no such model, or it is not the served one.

    Raises:
        AmbiguousModelError: If there are several, and none is served yet.
    """
    names = sorted(_list_models(client, alias))
    if served is not None:  # if it lost its alias, its last good version stays
        return served if served in names else None
    if len(names) > 1:
        raise AmbiguousModelError(names, alias)
    return names[0] if names else None


def _list_models(client: "MlflowClient", alias: str) -> list[str]:
    names, token = [], None
    while True:
        page = client.search_registered_models(page_token=token)
        for model in page:
            number = (model.aliases or {}).get(alias)
            if number is None:
                continue
            version = client.get_model_version(model.name, str(number))
            if DIGEST_TAG in version.tags:
                names.append(model.name)
        token = page.token
        if not token:
            return names
