"""Roll back a rollout that was stopped before its end, if there is one.

Run as ``python deploy/undo_rollout.py`` in the folder in which ``rollout.py`` ran.
"""

import argparse
import sys

import rollout_record
from cluster import Before, Cluster, RolloutError
from images import ImageError


def main() -> None:
    """Undo what the record names; exit with 1 if that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="for each deployment")
    arguments = parser.parse_args()
    record = rollout_record.read()
    if record is None:
        print("Nothing to roll back: no rollout was stopped before its end")
        return
    before = Before(**record)
    try:
        Cluster(before.overlay, arguments.seconds).go_back(before)
    except (RolloutError, ImageError) as error:
        sys.exit(f"Rollback failed: {error}")
    rollout_record.forget()
    print("Rolled back")


if __name__ == "__main__":
    main()
