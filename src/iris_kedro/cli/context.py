"""The project's context, for commands that need more than their arguments."""

from typing import Any


def load_context(env: str | None) -> Any:
    """Load the project's context, with which kedro-mlflow connects to MLflow."""
    # Imported here: every kedro command loads this module, few need a session.
    from kedro.framework.session import KedroSession

    with KedroSession.create(env=env) as session:
        return session.load_context()  # type: ignore[attr-defined]
