"""The steps of a rollout in a cluster, by kubectl with its current context."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import images

SERVICE, WATCHER = "iris-serving", "iris-watcher"
REVISION = r"{.metadata.annotations.deployment\.kubernetes\.io/revision}"
# Scoring, and the Dask cluster that it may use, have the watcher's training image.
TRAINING_KIND = [
    "deployments,cronjobs",
    "--selector=app.kubernetes.io/component=training",
]
IMAGE = "{.spec.template.spec.containers[0].image}"
IMAGE_LINE = re.compile(r"^[ -]*image: (\S+)", re.MULTILINE)
FIRST_COLUMN = re.compile(r"^(\d+)\s", re.MULTILINE)
FORWARDED = re.compile(r"Forwarding from (127\.0\.0\.1:\d+)")


class RolloutError(Exception):
    """The rollout failed."""


@dataclass(frozen=True)
class Before:
    """The state before a rollout, which is restored if it fails.

    Attributes:
        overlay: Name of the overlay.
        digests: The text of its file with the digests.
        service: Revision of the service; empty before the first rollout.
        watcher: Revision of the watcher.
        training_image: The watcher's image.
    """

    overlay: str
    digests: str
    service: str
    watcher: str
    training_image: str


class Cluster:
    """The namespace of an overlay in the current cluster."""

    def __init__(self, overlay: str, seconds: int) -> None:
        self.overlay = overlay
        self._folder = images.find_file(overlay).parents[1]
        self._namespace = images.find_namespace(overlay)
        self._seconds = seconds

    def read_state(self, digests: str) -> Before:
        """Return the current state."""
        return Before(
            self.overlay,
            digests,
            self._read(SERVICE, REVISION),
            self._read(WATCHER, REVISION),
            self._read(WATCHER, IMAGE),
        )

    def check_images(self) -> None:
        """Check that each image of the overlay has a digest.

        Raises:
            RolloutError: If an image has none; the message names it.
        """
        rendered = self._kubectl("kustomize", str(self._folder), shown=False)
        used = set(IMAGE_LINE.findall(rendered))
        unpinned = sorted(each for each in used if not images.has_digest(each))
        if unpinned:
            raise RolloutError(
                f"no digest for {', '.join(unpinned)}: pin them in overlays/"
                f"{self.overlay}/images/kustomization.yaml"
            )

    def apply(self) -> None:
        """Apply the overlay."""
        self._kubectl("apply", "--kustomize", str(self._folder))

    def wait(self, *names: str) -> None:
        """Wait until all pods of deployments are updated and ready, one by one."""
        timeout = f"--timeout={self._seconds}s"
        for name in names:
            self._kubectl("rollout", "status", f"deployment/{name}", timeout)

    def roll_back(self, before: Before) -> None:
        """Roll back to an earlier state, and wait for it.

        It can be repeated: a revision that was rolled back to has another number.
        """
        if not before.service:
            raise RolloutError("the first rollout cannot be rolled back")
        self._undo(SERVICE, before.service)
        if before.watcher:
            self._undo(WATCHER, before.watcher)
            self._kubectl("set", "image", *TRAINING_KIND, f"*={before.training_image}")
        images.find_file(before.overlay).write_text(before.digests, encoding="utf-8")
        # The service first: it must be restored even if the watcher fails.
        self.wait(SERVICE, WATCHER)

    def _undo(self, name: str, revision: str) -> None:
        history = self._kubectl("rollout", "history", f"deployment/{name}")
        if revision in FIRST_COLUMN.findall(history):
            option = f"--to-revision={revision}"
            self._kubectl("rollout", "undo", f"deployment/{name}", option)

    @contextmanager
    def forward(self) -> Iterator[str]:
        """Forward a local port to the service; yield its address."""
        command = self._command("port-forward", f"service/{SERVICE}", ":80")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline() if process.stdout else ""
                found = FORWARDED.match(line)
                if found is None:
                    reason = line or "it has exited"
                    raise RolloutError(f"kubectl cannot forward a port: {reason}")
                yield f"http://{found[1]}"
            finally:
                process.terminate()

    def _read(self, name: str, path: str) -> str:
        output = f"--output=jsonpath={path}"
        return self._kubectl("get", "deployment", name, "--ignore-not-found", output)

    def _kubectl(self, *arguments: str, shown: bool = True) -> str:
        ended = subprocess.run(
            self._command(*arguments), stdout=subprocess.PIPE, text=True, check=False
        )
        if shown:
            sys.stdout.write(ended.stdout)
        if ended.returncode:
            raise RolloutError(f"kubectl {' '.join(arguments)} failed")
        return ended.stdout.strip()

    def _command(self, *arguments: str) -> list[str]:
        return ["kubectl", f"--namespace={self._namespace}", *arguments]
