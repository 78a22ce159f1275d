"""Settings of the Kedro project."""

import os

from kedro.config import OmegaConfigLoader
from omegaconf.resolvers import oc

from iris_kedro.hooks import ProjectHooks

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")  # shorter messages

HOOKS = (ProjectHooks(),)
CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # conf/production takes addresses from the environment.
    "custom_resolvers": {"oc.env": oc.env},
}
