"""Settings of the Kedro project."""

import gc

# Nearly all that a run imports and builds stays until its end. Looking through it for
# garbage every 700 allocations, Python's default, costs an eighth of a run's time.
gc.set_threshold(100_000, 20, 20)

import os
from pathlib import Path

from kedro.config import OmegaConfigLoader
from kedro.utils import find_kedro_project
from omegaconf.resolvers import oc

from iris_kedro.hooks import ExperimentHooks, ProjectHooks

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")  # shorter messages

HOOKS = (ExperimentHooks(), ProjectHooks())
CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # As kedro-mlflow has it; the hooks read it before kedro-mlflow does.
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**", "**/mlflow*"]},
    "custom_resolvers": {
        "oc.env": oc.env,  # conf/production takes addresses from the environment
        "project_path": lambda: find_kedro_project(Path.cwd()),
    },
}
