"""Parameters of the watcher."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from iris_kedro.specification.base import Count, Parameters

LARGEST_PORT = 65_535
LEASE_ROUNDS = 3  # minimum length of a lease, in rounds


def _check_cron(expression: str) -> str:
    try:
        CronSim(expression, datetime.now(UTC))
    except CronSimError as error:
        raise ValueError(
            f"{expression!r} is not a cron expression ({error}); five fields are"
            ' expected, such as "17 3 * * 1" for Mondays at 03:17'
        ) from error
    return expression


def _check_address(address: str) -> str:
    host, separator, port = address.rpartition(":")
    is_port = port.isdecimal() and int(port) <= LARGEST_PORT
    if not (host and separator and is_port):
        raise ValueError(f"{address!r} is not HOST:PORT, such as 127.0.0.1:8001")
    return address


Cron = Annotated[str, AfterValidator(_check_cron)]
Address = Annotated[str, AfterValidator(_check_address)]
Minutes = Annotated[float, Field(ge=0)]


class Triggers(Parameters):
    """Reasons to train; null turns a trigger off.

    Attributes:
        schedule: Cron expression, in UTC, for when to train.
        source_minutes: Minutes between two checks of the data source.
        labels: Number of new labelled rows that starts a training; they become training
            data.
        monitoring: Cron expression, in UTC, for when to run the monitoring pipeline.
        verdicts: Verdicts of monitoring that start a training.
        webhook: Address that the webhook for triggers listens on; needs
            ``IRIS_WATCHER_TOKEN``.
    """

    schedule: Cron | None = None
    source_minutes: Minutes | None = None
    labels: Count | None = None
    monitoring: Cron | None = None
    verdicts: list[Literal["data drift", "worse", "concept drift"]] = [
        "data drift",
        "worse",
        "concept drift",
    ]
    webhook: Address | None = None


class Rules(Parameters):
    """Limits on the runs that triggers start.

    Attributes:
        cooldown_minutes: Minutes after a run in which no other run starts.
        runs_per_day: Maximum number of runs in any 24 hours.
        failures: Number of refused or failed runs in a row that opens the breaker.
    """

    cooldown_minutes: Minutes = 60
    runs_per_day: Count = 4
    failures: Count = 3


class Watcher(Parameters):
    """Parameters of ``kedro watch``.

    Attributes:
        poll_seconds: Seconds between two rounds of the watcher.
        lease_seconds: Seconds without renewing the lease after which another watcher
            takes over.
        triggers: Reasons to train; null turns a trigger off.
        rules: Limits on the runs that triggers start.
        params: Parameters of each run, as for ``kedro run --params``.
    """

    poll_seconds: Annotated[float, Field(gt=0)] = 30
    lease_seconds: Annotated[float, Field(ge=30)] = (
        120  # stopping a run takes up to 8 s
    )
    triggers: Triggers = Triggers()
    rules: Rules = Rules()
    params: dict[str, str | int | float | bool] = {}

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if self.lease_seconds < LEASE_ROUNDS * self.poll_seconds:
            raise ValueError(
                f"lease_seconds is {self.lease_seconds:g}; it must be at least"
                f" {LEASE_ROUNDS} times poll_seconds, which is {self.poll_seconds:g}"
            )
        return self
