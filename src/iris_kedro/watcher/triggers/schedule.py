"""Times of a cron expression, in UTC."""

from datetime import UTC, datetime, timedelta

from cronsim import CronSim


def find_due(expression: str, since: float, now: float) -> float | None:
    """Return the last scheduled time after ``since`` and up to now, if any.

    Several missed times count once.

    Args:
        expression: A cron expression with five fields.
        since: Time up to which the schedule was checked, in seconds since the epoch.
        now: The current time, in seconds since the epoch.
    """
    # The search excludes its start time.
    start = datetime.fromtimestamp(int(now), UTC) + timedelta(seconds=1)
    last = next(CronSim(expression, start, reverse=True)).timestamp()
    return last if last > since else None
