"""Finds Production's partner in the registry."""

from collections.abc import Callable

from serving.canary.pairs import require_pair
from serving.canary.share import CANARY_ALIAS, GUARD_TAG, GUARDED
from serving.model.onnx_model import Model, ModelRefusedError, Version
from serving.model.status import FALLBACK_ALIAS
from serving.model.store import CURRENT, Store, folder_name
from serving.registry.registry import Registry


def find_partner(
    registry: Registry, production: Version | None, published: str | None
) -> Version | None:
    """Return the canary, or else Previous while Production is guarded.

    Raises:
        RegistryUnreachableError: If the registry cannot be reached.
    """

    def resolve(alias: str) -> Version | None:
        """Resolve an alias; the served version is not its own partner."""
        found = registry.resolve(alias)
        return found if found and folder_name(found) != published else None

    if published is None:
        return None
    if canary := resolve(CANARY_ALIAS):
        return canary
    if production and production.tags.get(GUARD_TAG) == GUARDED:
        return resolve(FALLBACK_ALIAS)
    return None


def require_pair_with_current(store: Store) -> Callable[[Model], None]:
    """Return a check that refuses models that cannot be the served one's partner."""

    def require(model: Model) -> None:
        pointer = store.read_pointer(CURRENT)
        if pointer is None:
            raise ModelRefusedError("store", "there is no Production model to pair")
        require_pair(model.contract, store.load(pointer).contract)

    return require
