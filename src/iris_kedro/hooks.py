"""Hooks of the project: checks before a run, the result after it."""

from difflib import get_close_matches
from typing import Any

import mlflow
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from iris_kedro.errors import ProjectError


class ProjectHooks:
    """Checks parameters, tags the MLflow run and prints the result."""

    @hook_impl
    def after_catalog_created(self, parameters: dict[str, Any]) -> None:
        """Stop on parameters that no node reads: they are misspelt."""
        known = {
            name.removeprefix("params:")
            for pipeline in pipelines.values()
            for name in pipeline.inputs()
            if name.startswith("params:")
        }
        check_parameters(parameters["parameters"], known)

    @hook_impl(trylast=True)
    def before_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """Tag the run, which kedro-mlflow has started, with what it depends on."""
        provenance = catalog.load("provenance")
        mlflow.set_tags(
            {
                "git_commit": provenance.git_commit,
                "code_digest": provenance.code_digest,
                "lock_digest": provenance.lock_digest,
            }
        )

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Print candidates, verdict and what to do next."""
        # Imported here: rich's tables cost nothing to those who never run pipelines.
        from iris_kedro.summary import print_summary

        print_summary(
            {
                name: catalog.load(name)
                for name in ("leaderboard", "gate_report", "registry")
                if name in pipeline.datasets()
            }
        )


def check_parameters(parameters: dict[str, Any], known: set[str]) -> None:
    """Check that each given parameter is one that a node reads, or part of one.

    Raises:
        ProjectError: Names the parameter and the nearest that there is.
    """
    for name, value in parameters.items():
        _check_parameter(name, value, known)


def _check_parameter(name: str, value: Any, known: set[str]) -> None:
    if name in known:
        return
    if isinstance(value, dict) and any(each.startswith(f"{name}.") for each in known):
        for key, part in value.items():
            _check_parameter(f"{name}.{key}", part, known)
        return
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {sorted(known)}"
    raise ProjectError(f"no node reads the parameter {name!r}; {hint}")
