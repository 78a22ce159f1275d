"""Roll back a rollout that was stopped before its end, if there is one.

Run as ``python deploy/undo_rollout.py`` in the folder in which ``rollout.py`` ran.
"""

import argparse
import sys
from dataclasses import replace

import rollout_record
from rollout import Before, Cluster, RolloutError


def undo(cluster: Cluster, before: Before) -> None:
    """Go back to what ran before, also if that was begun already."""
    if before.revision and not cluster.has_revision(before.revision):
        # Going back has given it another number, and going there changes nothing.
        before = replace(before, revision=cluster.look().revision)
    cluster.go_back(before)


def main() -> None:
    """Undo what the record names; exit with 1 if that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespace", default="iris", help="the overlay's namespace")
    parser.add_argument("--seconds", type=int, default=300, help="for the pods")
    arguments = parser.parse_args()
    record = rollout_record.read()
    if record is None:
        print("Nothing to roll back: no rollout was stopped before its end")
        return
    try:
        undo(Cluster(arguments.namespace, arguments.seconds), Before(**record))
    except RolloutError as error:
        sys.exit(f"Rollback failed: {error}")
    rollout_record.forget()
    print("Rolled back")


if __name__ == "__main__":
    main()
