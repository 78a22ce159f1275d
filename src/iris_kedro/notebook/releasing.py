"""Whether a run has left a model to continue with."""

import json

from iris_kedro.errors import ProjectError
from iris_kedro.registry import PRODUCTION, REASONS, Registry


def check_alias(registry: Registry, alias: str = PRODUCTION) -> None:
    """Check that there is a model to continue with.

    Raises:
        ProjectError: If no version has the alias; gives the gate's reasons for the
            last one.
    """
    if alias in registry.aliases():
        return
    reasons = [
        reason
        for version in registry.versions()[-1:]
        for reason in json.loads(version.tags.get(REASONS, "[]"))
    ]
    raise ProjectError(
        f"{registry.name} has no version in {alias}:"
        f" {'; '.join(reasons) or 'nothing was released'}. Train a better candidate, or"
        " lower the minimum requirements in model_release.gate of your environment"
    )
