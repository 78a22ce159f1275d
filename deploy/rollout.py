"""Roll out two images to Kubernetes, test the service, roll back on failure.

Run as ``python deploy/rollout.py --serving NAME@sha256:… --training NAME@sha256:…``.
Needs Python and kubectl; the current context of kubectl names the cluster.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import smoke_test

PROJECT = Path(__file__).resolve().parents[1]
OVERLAYS = PROJECT / "deploy" / "kubernetes" / "overlays"
PINNED = PROJECT / "build" / "rollout"
SERVICE, TRAINING = "iris-serving", "iris-training"
PINNED_IMAGE = re.compile(r"([a-z0-9][\w./:-]*)@(sha256:[0-9a-f]{64})")
REVISION = r"{.metadata.annotations.deployment\.kubernetes\.io/revision}"
# Training, scoring, and the cluster that both may use: all have the training image.
TRAINING_KIND = [
    "deployments,cronjobs",
    "--selector=app.kubernetes.io/component=training",
]
IMAGE = "{.spec.jobTemplate.spec.template.spec.containers[0].image}"
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
            training_image=self._read("cronjob", TRAINING, IMAGE),
        )

    def apply(self, overlay: Path) -> None:
        """Apply an overlay."""
        self._kubectl("apply", "--kustomize", str(overlay))

    def wait(self) -> None:
        """Wait until all pods of the service are updated and ready."""
        timeout = f"--timeout={self._seconds}s"
        self._kubectl("rollout", "status", f"deployment/{SERVICE}", timeout)

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


def pin(overlay: str, images: dict[str, str]) -> Path:
    """Write an overlay that pins the images of another one to digests."""
    PINNED.mkdir(parents=True, exist_ok=True)
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(OVERLAYS / overlay, PINNED)],
        "images": [_pin_image(name, image) for name, image in images.items()],
    }
    file = PINNED / "kustomization.yaml"
    file.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return PINNED


def _pin_image(name: str, image: str) -> dict[str, str]:
    found = PINNED_IMAGE.fullmatch(image)
    if found is None:
        raise RolloutError(f"{image!r} has no digest: expected NAME@sha256:…")
    return {"name": name, "newName": found[1], "digest": found[2]}


def roll_out(cluster: Cluster, overlay: Path, seconds: int) -> str:
    """Roll out and test; return the model's version; roll back if a step fails."""
    before = cluster.look()
    try:
        cluster.apply(overlay)
        cluster.wait()
        with cluster.forward() as url:
            return smoke_test.check(url, seconds)
    except Exception as error:  # any: the service may also send unexpected responses
        print(f"Rollout failed: {error!r}. Rolling back.", flush=True)
        cluster.go_back(before)
        raise RolloutError(f"{error!r}; rolled back") from error


def main() -> None:
    """Roll out the given images; exit with 1 on failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overlay", default="production", help="folder in overlays/")
    parser.add_argument("--namespace", default="iris", help="the overlay's namespace")
    parser.add_argument("--serving", required=True, help="image with its digest")
    parser.add_argument("--training", required=True, help="image with its digest")
    parser.add_argument("--seconds", type=int, default=300, help="for each rollout")
    arguments = parser.parse_args()
    images = {SERVICE: arguments.serving, TRAINING: arguments.training}
    try:
        overlay = pin(arguments.overlay, images)
        cluster = Cluster(arguments.namespace, arguments.seconds)
        version = roll_out(cluster, overlay, arguments.seconds)
    except RolloutError as error:
        sys.exit(f"Rollout failed: {error}")
    print(f"Rolled out: version {version} predicts its golden rows")


if __name__ == "__main__":
    main()
