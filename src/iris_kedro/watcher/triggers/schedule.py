"""Times of a cron expression, in UTC."""

from datetime import UTC, datetime, timedelta

from cronsim import CronSim


def find_due(expression: str, since: float, now: float) -> float | None:
    """Return the last scheduled time after ``since`` and until now, if there is one.

    Those that were missed meanwhile are one.

    Args:
        expression: A cron expression with five fields.
        since: Until when all times have been seen, in seconds since the epoch.
        now: The current time, likewise.
    """
    # The search leaves out the moment that it starts from.
    start = datetime.fromtimestamp(int(now), UTC) + timedelta(seconds=1)
    last = next(CronSim(expression, start, reverse=True)).timestamp()
    return last if last > since else None
