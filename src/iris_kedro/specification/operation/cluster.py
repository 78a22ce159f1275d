"""Where fits run."""

from typing import Annotated, Literal

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters


class Cluster(Parameters):
    """What runs the work that can be divided.

    Attributes:
        engine: ``local`` for threads of this process, or ``dask``.
        address: Of Dask's scheduler; without one, a cluster is started here.
        workers: Processes of a cluster that is started here; by default one for each
            processor.
        wait_seconds: How long to wait for workers if there are none.
    """

    engine: Literal["local", "dask"] = "local"
    address: str | None = None
    workers: Count | None = None
    wait_seconds: Annotated[float, Field(gt=0)] = 60.0
