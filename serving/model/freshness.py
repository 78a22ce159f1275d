"""Whether the follower still reports: each report says when the next one is due.

It imports nothing large: the follower's health check runs every few seconds.
"""

REPORT_FILE = "registry.json"
MISSED_POLLS = 3
# Allows for the pause after an error and for clock differences between machines.
GRACE_SECONDS = 60.0
LONGEST_POLL_SECONDS = 600.0  # a poll may contain a slow download


def limit_silence(interval: float, *, is_polling: bool) -> float:
    """Return the number of seconds within which a follower must report again.

    Args:
        interval: Seconds between its polls.
        is_polling: Whether a poll is in progress.
    """
    if is_polling:
        return LONGEST_POLL_SECONDS
    return MISSED_POLLS * interval + GRACE_SECONDS


def is_overdue(reported_at: float, within: float, now: float) -> bool:
    """Return whether the next report is overdue, or this one is from the future.

    Args:
        reported_at: Time of the last report, in seconds since the epoch.
        within: Seconds within which the next one is due.
        now: The present time.
    """
    return not -GRACE_SECONDS <= now - reported_at <= within
