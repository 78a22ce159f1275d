"""Settings of the Kedro project."""

import gc

# Nearly all objects of a run live until its end. Python's default, a collection every
# 700 allocations, takes an eighth of the run's time.
gc.set_threshold(100_000, 20, 20)

import os
import sysconfig

from kedro.config import OmegaConfigLoader
from omegaconf.resolvers import oc

from iris_kedro.configuration import find_project, name_data_folder, read_variable
from iris_kedro.hooks.cluster import ClusterHooks
from iris_kedro.hooks.project import ExperimentHooks, ProjectHooks
from iris_kedro.hooks.tracking import TrackingHooks
from iris_kedro.hooks.unchanged import UnchangedHooks
from iris_kedro.specification.data.dataset import select_words
from iris_kedro.tables.reading import build_load_args, describe_csv

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# MLflow's UI has one user and one SQLite file, and four workers start more slowly.
os.environ.setdefault("MLFLOW_WORKERS", "1")
# Jobs would start seven processes with 2 GB, and are only for language models.
os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
# Hide the progress bar for a model's few small files.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")  # shorter messages

# Plugins start programs by name (`kedro mlflow ui` starts `mlflow`). Find those in this
# virtual environment, even if it is not activated.
_scripts = sysconfig.get_path("scripts")
_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
if _path[0] != _scripts:
    os.environ["PATH"] = os.pathsep.join([_scripts, *_path])

HOOKS = (
    ClusterHooks(),
    ExperimentHooks(),
    ProjectHooks(),
    TrackingHooks(),
    UnchangedHooks(),
)
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)  # TrackingHooks extend its hooks
CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment contains only differences. Entries of globals.yml and the catalog
    # are replaced as a whole: the features of two datasets must not be merged.
    "merge_strategy": {"parameters": "soft", "mlflow": "soft"},
    # The same as in kedro-mlflow; the hooks read it before kedro-mlflow does.
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**", "**/mlflow*"]},
    "custom_resolvers": {
        "oc.env": oc.env,  # conf/production reads URLs from the environment
        "env_or": read_variable,
        # A session may also be started from outside the project's folder.
        "data_folder": name_data_folder,
        "read_csv_args": build_load_args,
        "describe_csv": describe_csv,
        "words_about": select_words,
        "project_path": find_project,
    },
}
