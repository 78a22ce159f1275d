"""Roll out two images to Kubernetes, test the service, and roll back on failure.

Run as ``python deploy/rollout.py --serving NAME@sha256:… --training NAME@sha256:…``, or
without images to deploy those of the overlay. Needs Python and kubectl, and deploys to
the cluster of kubectl's current context.
"""

import argparse
import sys
from dataclasses import asdict

import images
import rollout_record
import smoke_test
from cluster import SERVICE, WATCHER, Before, Cluster, RolloutError


def roll_out(cluster: Cluster, before: Before, seconds: int, url: str | None) -> str:
    """Roll out and test; return the model's version; roll back if a step fails.

    If it is killed or interrupted, ``undo_rollout.py`` rolls it back.

    Args:
        cluster: The cluster.
        before: Its state before.
        seconds: Time within which the service must become ready for a test.
        url: Public address of the service, which is tested too.
    """
    rollout_record.write(asdict(before))
    try:
        cluster.apply()
        # The watcher first: a service without a model waits for its first training.
        cluster.wait(WATCHER, SERVICE)
        with cluster.forward() as forwarded:
            version = smoke_test.check(forwarded, seconds)
        if url:
            smoke_test.check(url, seconds)
    except Exception as error:  # any, because a response may have any content
        if not before.service:
            rollout_record.forget()
            raise RolloutError(
                f"{error!r}. A first rollout cannot be rolled back: correct it, and"
                " roll out again"
            ) from error
        print(f"Rollout failed: {error!r}. Rolling back.", flush=True)
        cluster.roll_back(before)
        rollout_record.forget()
        raise RolloutError(f"{error!r}; rolled back") from error
    rollout_record.forget()
    return version


def deploy(arguments: argparse.Namespace) -> str:
    """Pin the given images, if any, and roll out."""
    cluster = Cluster(arguments.overlay, arguments.seconds)
    file = images.find_file(arguments.overlay)
    digests = file.read_text(encoding="utf-8")
    if arguments.serving:
        given = {images.SERVING: arguments.serving, images.TRAINING: arguments.training}
        images.pin(arguments.overlay, given)
    else:
        images.read(arguments.overlay)
    try:
        cluster.check_images()
        before = cluster.read_state(digests)
    except RolloutError:
        file.write_text(digests, encoding="utf-8")
        raise
    return roll_out(cluster, before, arguments.seconds, arguments.url)


def main() -> None:
    """Roll out; exit with 1 on failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlay", default="production", help="folder in overlays/")
    parser.add_argument("--serving", help="image with its digest")
    parser.add_argument("--training", help="image with its digest")
    parser.add_argument("--url", help="public address of the service, also tested")
    parser.add_argument(
        "--seconds", type=int, default=600, help="timeout for each deployment"
    )
    arguments = parser.parse_args()
    if bool(arguments.serving) != bool(arguments.training):
        parser.error("pass both --serving and --training, or neither")
    try:
        version = deploy(arguments)
    except (RolloutError, images.ImageError) as error:
        sys.exit(f"Rollout failed: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted. To roll back: python deploy/undo_rollout.py")
    print(f"Rolled out: version {version} predicts its golden rows")


if __name__ == "__main__":
    main()
