"""Roll back a rollout that was interrupted, if there is one.

Run as ``python deploy/undo_rollout.py`` in the folder in which ``rollout.py`` ran.
"""

import argparse
import sys

import rollout_record
from cluster import Before, Cluster, RolloutError
from images import ImageError


def main() -> None:
    """Roll back to the recorded state; exit with 1 on failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=300, help="timeout for each deployment"
    )
    arguments = parser.parse_args()
    record = rollout_record.read()
    if record is None:
        print("Nothing to roll back: no rollout was interrupted")
        return
    before = Before(**record)
    try:
        Cluster(before.overlay, arguments.seconds).roll_back(before)
    except (RolloutError, ImageError) as error:
        sys.exit(f"Rollback failed: {error}")
    rollout_record.forget()
    print("Rolled back")


if __name__ == "__main__":
    main()
