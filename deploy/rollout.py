"""Roll out two images to Kubernetes, test the service, roll back on failure.

Run as ``python deploy/rollout.py --serving NAME@sha256:… --training NAME@sha256:…``, or
without images to deploy those that the overlay has. Needs Python and kubectl; the
current context of kubectl names the cluster.
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

    One that is killed or interrupted is rolled back by ``undo_rollout.py``.

    Args:
        cluster: Where to.
        before: What runs there.
        seconds: Time for a test to find the service ready.
        url: Public address of the service, to be tested too.
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
    except Exception as error:  # any: the service may also send unexpected responses
        if not before.service:
            rollout_record.forget()
            raise RolloutError(
                f"{error!r}. There is nothing to go back to: the first rollout stays as"
                " it is. Correct it, and roll out again"
            ) from error
        print(f"Rollout failed: {error!r}. Rolling back.", flush=True)
        cluster.go_back(before)
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
        before = cluster.look(digests)
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
    parser.add_argument("--url", help="public address of the service, to be tested too")
    parser.add_argument("--seconds", type=int, default=600, help="for each deployment")
    arguments = parser.parse_args()
    if bool(arguments.serving) != bool(arguments.training):
        parser.error("give both --serving and --training, or neither")
    try:
        version = deploy(arguments)
    except (RolloutError, images.ImageError) as error:
        sys.exit(f"Rollout failed: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted. To roll back: python deploy/undo_rollout.py")
    print(f"Rolled out: version {version} predicts its golden rows")


if __name__ == "__main__":
    main()
