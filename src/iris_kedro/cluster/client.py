"""Connects to a cluster whose workers compute what this process would."""

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
    # Data is sent as a task, see iris_kedro.cluster.backend: not worth a warning.
    "distributed.admin.large-graph-warning-threshold": "1TB",
    # Of workers on this machine: what matters is said by iris_kedro.cluster.watch.
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
    """Connect to a cluster whose workers are there and have the same packages.

    It is disconnected from at the end, however that comes. Without an address, it is a
    cluster of processes on this machine, which ends as well.

    Args:
        address: Of the scheduler, such as ``tcp://scheduler:8786``.
        workers: Processes of a local cluster; by default one for each processor.
        wait_seconds: How long to wait for a first worker.

    Raises:
        ProjectError: If the scheduler cannot be reached, no worker comes, or packages
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
    """Say where a cluster is, and how large."""
    cores = client.ncores()
    return (
        f"the cluster at {_locate(client)}: {len(cores)} workers,"
        f" {sum(cores.values())} cores"
    )


def _locate(client: Client) -> str:
    return str(client.scheduler_info(n_workers=0)["address"])


def _silence() -> None:
    # Importing distributed sets levels, so that conf/logging.yml comes too early.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _reach(address: str) -> Client:
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # also TimeoutError
        raise ProjectError(
            f"no Dask scheduler answers at {address!r}"
            f" ({' '.join(str(error).split()) or type(error).__name__}). Start one"
            f" (dask scheduler), correct {ADDRESS}, or unset it for a cluster on this"
            " machine"
        ) from error


def _start_local(workers: int | None) -> LocalCluster:
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address=None,
    )


def _wait_for_workers(client: Client, seconds: float) -> None:
    address = _locate(client)
    if not client.ncores():
        logger.warning(
            "The cluster at %s has no workers: waiting up to %g s for one",
            address,
            seconds,
        )
    # Asking for a result lets an adaptive cluster start workers.
    probe = client.submit(platform.python_version, pure=False)
    try:
        probe.result(timeout=seconds)
    except TimeoutError as error:
        raise ProjectError(
            f"the cluster at {address} has no workers after {seconds:g} s. Start some"
            f" (dask worker {address}), or set cluster.wait_seconds higher"
        ) from error


def _check_versions(client: Client) -> None:
    """Check that all workers give the same result to the last digit.

    Raises:
        ProjectError: Names a worker, and what differs.
    """
    try:
        client.run_on_scheduler(describe_versions)  # it unpickles tasks as well
        found: dict[str, Any] = client.run(describe_versions)
    except Exception as error:  # of any type, as the other side's text alone arrives
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
