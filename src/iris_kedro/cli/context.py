"""The project's context, for commands that need more than their arguments."""

from typing import Any


def load_context(env: str | None) -> Any:
    """Load the project's context, which also connects kedro-mlflow to MLflow."""
    # Imported here, because every kedro command loads this module.
    from kedro.framework.session import KedroSession

    with KedroSession.create(env=env) as session:
        return session.load_context()  # type: ignore[attr-defined]
