"""Lets nodes run their fits on a cluster, which they know nothing of."""

import atexit
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import joblib
from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from iris_kedro.cluster.active import set_client
from iris_kedro.specification import Cluster, check_cluster

if TYPE_CHECKING:
    from distributed import Client

TAG = "cluster"  # of the nodes that use it


class ClusterHooks:
    """Connects to a cluster for the time of a run, if the parameters ask for one."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._settings = Cluster()
        self._client: Client | None = None
        self._in_force: dict[str, joblib.parallel_config] = {}  # by node

    @hook_impl
    def after_catalog_created(self, parameters: dict[str, Any]) -> None:
        """Check the parameters, which no node reads."""
        self._close()  # Kedro tells hooks of errors, but not of KeyboardInterrupt
        self._settings = check_cluster(parameters["parameters"])

    @hook_impl(trylast=True)  # a run that has nothing to do needs no cluster
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Connect, if a node of the run needs it.

        Raises:
            ProjectError: If there is no such cluster, or it would compute otherwise.
        """
        is_used = any(TAG in node.tags for node in pipeline.nodes)
        if self._settings.engine != "dask" or not is_used:
            return
        from iris_kedro.cluster.client import connect  # noqa: PLC0415  (half a second)

        connection = connect(
            self._settings.address,
            workers=self._settings.workers,
            wait_seconds=self._settings.wait_seconds,
        )
        self._client = self._open.enter_context(connection)
        set_client(self._client)
        atexit.register(self._close)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Let joblib use the cluster, in the thread of the node."""
        if self._client is None or TAG not in node.tags:
            return
        from iris_kedro.cluster.backend import ClusterBackend  # noqa: PLC0415

        backend = ClusterBackend(self._client, self._settings.wait_seconds)
        self._in_force[node.name] = joblib.parallel_config(backend)

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Let joblib use threads again."""
        self._end(node)

    @hook_impl
    def on_node_error(self, node: Node) -> None:
        """Let joblib use threads again."""
        self._end(node)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Disconnect; a local cluster ends."""
        self._close()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Disconnect; a local cluster ends."""
        self._close()

    def _end(self, node: Node) -> None:
        if node.name in self._in_force:
            self._in_force.pop(node.name).unregister()

    def _close(self) -> None:
        atexit.unregister(self._close)
        for name in list(self._in_force):
            self._in_force.pop(name).unregister()
        self._client = None
        set_client(None)
        self._open.close()
