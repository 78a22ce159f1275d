"""Parameters of the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters


class Cluster(Parameters):
    """Where work that can be split runs.

    Attributes:
        engine: ``local`` for this machine, or ``dask``.
        address: Address of Dask's scheduler; without one, a local cluster is started.
        workers: Number of processes of a local cluster; one for each core if null.
        wait_seconds: Maximum time to wait for the first worker, in seconds.
    """

    engine: Literal["local", "dask"] = "local"
    address: str | None = None
    workers: Count | None = None
    wait_seconds: Annotated[float, Field(gt=0)] = 60.0
