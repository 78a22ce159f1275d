"""Connects to a cluster whose workers give the same results as this process."""

import logging
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import dask
from distributed import Client, LocalCluster

from iris_kedro.cluster.versions import describe_versions, list_differences
from iris_kedro.errors import ProjectError

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 8
WAIT_SECONDS = 60.0  # for the first worker: clusters in the cloud start machines
CLOSE_SECONDS = 5
SETTINGS = {
    # Data is sent in tasks on purpose: see iris_kedro.cluster.backend.
    "distributed.admin.large-graph-warning-threshold": "1TB",
    # For local workers: iris_kedro.cluster.watch logs what is relevant.
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
}
ADDRESS = "DASK_SCHEDULER_ADDRESS"


@contextmanager
def connect(
    address: str | None = None,
    *,
    workers: int | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[Client]:
    """Connect to a cluster, and check that its workers have the same packages.

    Without an address, start a cluster of local processes, which ends with the context.

    Args:
        address: Address of the scheduler, such as ``tcp://scheduler:8786``.
        workers: Processes of a local cluster; default: one for each core.
        wait_seconds: How long to wait for the first worker.

    Raises:
        ProjectError: If the scheduler is unreachable, there are no workers, or packages
            differ.
    """
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(SETTINGS))
        _silence()
        if address:
            client = _reach(address)
        else:
            client = Client(
                stack.enter_context(_start_local(workers)), set_as_default=False
            )
        stack.callback(client.close, timeout=CLOSE_SECONDS)
        _wait_for_workers(client, wait_seconds)
        _check_versions(client)
        logger.info("Connected to %s", describe(client))
        yield client


def describe(client: Client) -> str:
    """Describe the address and the size of a cluster."""
    cores = client.ncores()
    return (
        f"the cluster at {_locate(client)}: {len(cores)} workers,"
        f" {sum(cores.values())} cores"
    )


def _locate(client: Client) -> str:
    return str(client.scheduler_info(n_workers=0)["address"])


def _silence() -> None:
    # Importing distributed overrides the levels in conf/logging.yml.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _reach(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # also TimeoutError
        raise ProjectError(
            f"no Dask scheduler answers at {address!r}"
            f" ({' '.join(str(error).split()) or type(error).__name__}). Start one"
            f" (dask scheduler), correct {ADDRESS}, or unset it for a local"
            " cluster"
        ) from error


def _start_local(workers: int | None) -> LocalCluster:
    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)


def _wait_for_workers(client: Client, seconds: float) -> None:
    address = _locate(client)
    if not client.ncores():
        logger.warning(
            "The cluster at %s has no workers: waiting up to %g s for one",
            address,
            seconds,
        )
    # A submitted task makes an adaptive cluster start workers.
    probe = client.submit(platform.python_version, pure=False)
    try:
        probe.result(timeout=seconds)
    except TimeoutError as error:
        raise ProjectError(
            f"the cluster at {address} has no workers after {seconds:g} s. Start some"
            f" (dask worker {address}), or increase cluster.wait_seconds"
        ) from error


def _check_versions(client: Client) -> None:
    """Check that all workers have the same versions, and thus give the same results.

    Raises:
        ProjectError: Names a worker, and the different versions.
    """
    try:
        client.run_on_scheduler(describe_versions)  # it also unpickles tasks
        found: dict[str, Any] = client.run(describe_versions)
    except Exception as error:  # of any type, raised by the worker
        raise ProjectError(
            f"the cluster cannot import this project's code ({error}). Start scheduler"
            " and workers from the training image of this version"
        ) from error
    for worker, versions in found.items():
        if differences := list_differences(versions):
            raise ProjectError(
                f"the worker {worker} has other versions: {'; '.join(differences)}."
                " Start workers from the training image of this version"
            )
