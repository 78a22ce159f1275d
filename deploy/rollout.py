"""Roll out two images to Kubernetes, test the service, roll back on failure.

Run as ``python deploy/rollout.py --serving NAME@sha256:… --training NAME@sha256:…``, or
without images to deploy those that the overlay has. Needs Python and kubectl; the
current context of kubectl names the cluster.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import images
import rollout_record
import smoke_test

SERVICE, WATCHER = "iris-serving", "iris-watcher"
REVISION = r"{.metadata.annotations.deployment\.kubernetes\.io/revision}"
# The watcher, scoring, and the cluster that both may use: all have the training image.
TRAINING_KIND = [
    "deployments,cronjobs",
    "--selector=app.kubernetes.io/component=training",
]
IMAGE = "{.spec.template.spec.containers[0].image}"
FORWARDED = re.compile(r"Forwarding from (127\.0\.0\.1:\d+)")


class RolloutError(Exception):
    """The rollout failed."""


@dataclass(frozen=True)
class Before:
    """What ran before, to which a failed rollout returns."""

    revision: str
    training_image: str


class Cluster:
    """A namespace of the current cluster."""

    def __init__(self, namespace: str, seconds: int) -> None:
        self._namespace = namespace
        self._seconds = seconds

    def look(self) -> Before:
        """Return what runs now."""
        return Before(
            revision=self._read("deployment", SERVICE, REVISION),
            training_image=self._read("deployment", WATCHER, IMAGE),
        )

    def apply(self, overlay: Path) -> None:
        """Apply an overlay."""
        self._kubectl("apply", "--kustomize", str(overlay))

    def wait(self) -> None:
        """Wait until all pods are updated and ready."""
        timeout = f"--timeout={self._seconds}s"
        # The watcher first: a service without a model waits for its first training.
        for name in (WATCHER, SERVICE):
            self._kubectl("rollout", "status", f"deployment/{name}", timeout)

    def has_revision(self, revision: str) -> bool:
        """Say whether the service can go back to a revision."""
        try:
            self._kubectl(
                "rollout", "history", f"deployment/{SERVICE}", f"--revision={revision}"
            )
        except RolloutError:
            return False
        return True

    def go_back(self, before: Before) -> None:
        """Roll back to what ran before, and wait for it."""
        if not before.revision:
            raise RolloutError("the first rollout cannot be rolled back")
        revision = f"--to-revision={before.revision}"
        self._kubectl("rollout", "undo", f"deployment/{SERVICE}", revision)
        if before.training_image:
            self._kubectl("set", "image", *TRAINING_KIND, f"*={before.training_image}")
        self.wait()

    @contextmanager
    def forward(self) -> Iterator[str]:
        """Forward a local port to the service; yield its address."""
        command = self._command("port-forward", f"service/{SERVICE}", ":80")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline() if process.stdout else ""
                found = FORWARDED.match(line)
                if found is None:
                    raise RolloutError(f"kubectl forwards no port: {line or 'ended'}")
                yield f"http://{found[1]}"
            finally:
                process.terminate()

    def _read(self, kind: str, name: str, path: str) -> str:
        output = f"--output=jsonpath={path}"
        return self._kubectl("get", kind, name, "--ignore-not-found", output)

    def _kubectl(self, *arguments: str) -> str:
        ended = subprocess.run(
            self._command(*arguments), stdout=subprocess.PIPE, text=True, check=False
        )
        sys.stdout.write(ended.stdout)
        if ended.returncode:
            raise RolloutError(f"kubectl {' '.join(arguments)} failed")
        return ended.stdout.strip()

    def _command(self, *arguments: str) -> list[str]:
        return ["kubectl", f"--namespace={self._namespace}", *arguments]


def roll_out(cluster: Cluster, overlay: Path, seconds: int, url: str | None) -> str:
    """Roll out and test; return the model's version; roll back if a step fails.

    One that is killed or interrupted is rolled back by ``undo_rollout.py``.

    Args:
        cluster: Where to.
        overlay: Folder of the overlay.
        seconds: Time for a test to find the service ready.
        url: Public address of the service, to be tested too.
    """
    before = cluster.look()
    rollout_record.write(asdict(before))
    try:
        cluster.apply(overlay)
        cluster.wait()
        with cluster.forward() as forwarded:
            version = smoke_test.check(forwarded, seconds)
        if url:
            smoke_test.check(url, seconds)
    except Exception as error:  # any: the service may also send unexpected responses
        print(f"Rollout failed: {error!r}. Rolling back.", flush=True)
        cluster.go_back(before)
        rollout_record.forget()
        raise RolloutError(f"{error!r}; rolled back") from error
    rollout_record.forget()
    return version


def deploy(arguments: argparse.Namespace) -> str:
    """Pin the given images, if any, and roll out; undo both if that fails."""
    file = images.find_file(arguments.overlay)
    before = file.read_text(encoding="utf-8")
    if arguments.serving:
        given = {images.SERVING: arguments.serving, images.TRAINING: arguments.training}
        images.pin(arguments.overlay, given)
    else:
        images.read(arguments.overlay)
    cluster = Cluster(arguments.namespace, arguments.seconds)
    try:
        return roll_out(cluster, file.parents[1], arguments.seconds, arguments.url)
    except RolloutError:
        file.write_text(before, encoding="utf-8")
        raise


def main() -> None:
    """Roll out; exit with 1 on failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlay", default="production", help="folder in overlays/")
    parser.add_argument("--namespace", default="iris", help="the overlay's namespace")
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
