"""Start the stack with the images that .env names, or build them: make stack.

Run as ``python3 deploy/compose/start.py [FILE]``, with .env as the file by default; it
needs no packages. Published images are only pulled: building would replace what their
tag names here, and cannot create an image with a digest.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
IMAGES = ("SERVING_IMAGE", "TRAINING_IMAGE")
BUILD = [["up", "--build", "--detach"]]
PULL = [
    ["pull", "serving", "watcher"],
    ["build", "mlflow"],  # is not published
    ["up", "--no-build", "--detach"],
]


def choose_commands(file: Path, environ: Mapping[str, str]) -> list[list[str]]:
    """Return the commands of Docker Compose that start the stack.

    Args:
        file: The settings, .env.
        environ: The environment, whose variables come before those of the file.

    Raises:
        ValueError: If only one of the two images is named.
    """
    text = file.read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)) | dict(environ)
    named = [name for name in IMAGES if settings.get(name, "").strip(" \"'")]
    if len(named) == 1:
        (missing,) = {*IMAGES} - {*named}
        raise ValueError(
            f"{file} names {named[0]}, but not {missing}: set both to start published"
            " images, or neither to build them"
        )
    return PULL if named else BUILD


def main() -> None:
    """Start the stack; end with the exit code of a command that fails."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / ".env"
    try:
        commands = choose_commands(file, os.environ)
    except (OSError, ValueError) as error:
        sys.exit(f"The stack is not started: {error}")
    compose = ["docker", "compose", "--file", str(HERE / "compose.yaml")]
    compose += ["--env-file", str(file)]
    for command in commands:
        if code := subprocess.run([*compose, *command], check=False).returncode:
            sys.exit(code)


if __name__ == "__main__":
    main()
