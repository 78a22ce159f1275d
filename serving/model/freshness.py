"""Whether the follower still reports: each report says when the next is due.

Imports nothing large: the health check of the follower runs every few seconds.
"""

REPORT_FILE = "registry.json"
MISSED_POLLS = 3
# The pause after an error, and clocks that differ between containers' machines.
GRACE_SECONDS = 60.0
LONGEST_POLL_SECONDS = 600.0  # a poll may contain a slow download


def limit_silence(interval: float, *, is_polling: bool) -> float:
    """Return within how many seconds a follower reports again unless it hangs.

    Args:
        interval: Seconds between its polls.
        is_polling: Whether a poll has begun.
    """
    if is_polling:
        return LONGEST_POLL_SECONDS
    return MISSED_POLLS * interval + GRACE_SECONDS


def is_overdue(reported_at: float, within: float, now: float) -> bool:
    """Return whether the next report is overdue, or this one is from the future.

    Args:
        reported_at: Time of the last report, in seconds since the epoch.
        within: Seconds within which the next one was promised.
        now: The present time.
    """
    return not -GRACE_SECONDS <= now - reported_at <= within
