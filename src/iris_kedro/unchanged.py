"""Ends a run before it trains what has been trained already."""

from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Pipeline

from iris_kedro.configuration import list_candidates
from iris_kedro.errors import NothingToDo
from iris_kedro.gate.judging import judge_existing
from iris_kedro.gate.known import recall_versions
from iris_kedro.provenance import compute_fingerprint

FORCE = "kedro run --params data_science.force=true"


class UnchangedHooks:
    """Compares the fingerprint of a run with those of the registered versions."""

    @hook_impl(tryfirst=True)  # before there is a run in MLflow
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Stop a whole run, from the source to the registry, that has nothing to do.

        Raises:
            NothingToDo: Says which version is there and how to train all the same.
        """
        is_whole = {"source_file", "registry"} <= pipeline.inputs()
        if not is_whole or catalog.load("params:data_science.force"):
            return
        try:
            known = self._recall(catalog)
        except DatasetError:
            return  # the node that needs it will fail, in a run that is recorded
        decision = judge_existing(**known)
        if decision is not None:
            (reason,) = decision.reasons
            raise NothingToDo(
                f"Gate        {decision.verdict}\n            {reason}\n"
                f"\nNothing was trained. To train all the same: {FORCE}"
            )

    @staticmethod
    def _recall(catalog: DataCatalog) -> dict[str, Any]:
        fingerprint = compute_fingerprint(
            catalog.load("source_file"),
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
        gate = catalog.load("params:model_release.gate")
        return recall_versions(fingerprint, catalog.load("registry"), gate)
