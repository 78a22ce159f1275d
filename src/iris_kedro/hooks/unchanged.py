"""Ends a run before it trains what has been trained already."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline

from iris_kedro.configuration import list_candidates
from iris_kedro.errors import NothingToDo
from iris_kedro.hooks.summary import print_unchanged
from iris_kedro.model.provenance import compute_fingerprint


class UnchangedHooks:
    """Compares the fingerprint of a run with those of the registered versions."""

    @hook_impl(tryfirst=True)  # before there is a run in MLflow
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Stop a whole run, from the source to the registry, that has nothing to do.

        Raises:
            NothingToDo: Says which version is there already.
        """
        # Imported here, because scikit-learn takes a second and a half.
        from iris_kedro.gate.judging import judge_existing  # noqa: PLC0415
        from iris_kedro.gate.known import recall_versions  # noqa: PLC0415

        is_whole = {"source_file", "registry"} <= pipeline.inputs()
        if not is_whole or catalog.load("params:data_science.force"):
            return
        try:
            fingerprint, registry = _trace(catalog), catalog.load("registry")
        except DatasetError:
            return  # the node that needs it will fail, in a run that is recorded
        gate = catalog.load("params:model_release.gate")
        decision = judge_existing(**recall_versions(fingerprint, registry, gate))
        if decision is not None:
            name = catalog.load("params:dataset").name
            print_unchanged(decision, registry, name, fingerprint, run_params["env"])
            raise NothingToDo("; ".join(decision.reasons))


def _trace(catalog: DataCatalog) -> str:
    return compute_fingerprint(
        catalog.load("source_file"),
        catalog.load("labelled_source"),
        catalog.load("params:dataset"),
        catalog.load("params:data_engineering.split"),
        catalog.load("params:data_science.training"),
        catalog.load("params:data_science.export"),
        catalog.load("provenance"),
        [
            catalog.load(f"params:data_science.candidates.{name}")
            for name in list_candidates()
        ],
    )
