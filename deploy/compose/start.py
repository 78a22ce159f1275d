"""Start the stack with the images in .env, or build them: make stack.

Run as ``python3 deploy/compose/start.py [FILE]``; the default file is .env. It needs no
packages. Published images are only pulled: building would change the local meaning of
their tags, and cannot create an image with a given digest.
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
    ["build", "mlflow"],  # not published
    ["up", "--no-build", "--detach"],
]


def choose_commands(file: Path, environ: Mapping[str, str]) -> list[list[str]]:
    """Return the Docker Compose commands that start the stack.

    Args:
        file: The file with the settings, .env.
        environ: The environment, whose variables override those of the file.

    Raises:
        ValueError: If only one of the two images is set.
    """
    text = file.read_text(encoding="utf-8")
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE)) | dict(environ)
    named = [name for name in IMAGES if settings.get(name, "").strip(" \"'")]
    if len(named) == 1:
        (missing,) = {*IMAGES} - {*named}
        raise ValueError(
            f"{file} sets {named[0]}, but not {missing}; set both to start published"
            " images, or neither to build them"
        )
    return PULL if named else BUILD


def main() -> None:
    """Start the stack; exit with the code of a command that fails."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / ".env"
    try:
        commands = choose_commands(file, os.environ)
    except (OSError, ValueError) as error:
        sys.exit(f"The stack was not started: {error}")
    compose = ["docker", "compose", "--file", str(HERE / "compose.yaml")]
    compose += ["--env-file", str(file)]
    for command in commands:
        if code := subprocess.run([*compose, *command], check=False).returncode:
            sys.exit(code)


if __name__ == "__main__":
    main()
