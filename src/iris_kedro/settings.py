"""Settings of the Kedro project."""

import os
import warnings

from kedro.config import OmegaConfigLoader
from omegaconf.resolvers import oc

# Kedro's configuration loader uses an interface of OmegaConf that OmegaConf has
# deprecated; a user can do nothing about it.
warnings.filterwarnings("ignore", message=r"\s*register_new_resolver")
warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

from iris_kedro.hooks import ProjectHooks  # noqa: E402  (after the switches above)

HOOKS = (ProjectHooks(),)
CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # conf/production takes addresses from the environment.
    "custom_resolvers": {"oc.env": oc.env},
}
