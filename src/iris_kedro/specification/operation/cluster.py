"""Parameters of the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters


class Cluster(Parameters):
    """Where work that can be split runs.

    Attributes:
        engine: ``local`` for threads of this process, or ``dask``.
        address: Address of Dask's scheduler; without one, a local cluster is started.
        workers: Processes of a local cluster; default: one for each core.
        wait_seconds: How long to wait for the first worker.
    """

    engine: Literal["local", "dask"] = "local"
    address: str | None = None
    workers: Count | None = None
    wait_seconds: Annotated[float, Field(gt=0)] = 60.0
