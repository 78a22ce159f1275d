"""Registry of the project's pipelines."""

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

# They use a released model, so they are not part of training and release.
SEPARATE = {"batch_inference", "monitoring"}


def register_pipelines() -> dict[str, Pipeline]:
    """Find the pipelines; training and release make up the default pipeline."""
    pipelines = find_pipelines(raise_errors=True)
    training = [each for name, each in pipelines.items() if name not in SEPARATE]
    pipelines["__default__"] = sum(training, Pipeline([]))
    return pipelines
