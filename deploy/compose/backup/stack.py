"""Commands in the containers of the stack, with files as input or output."""

import hashlib
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
COMPOSE = ["docker", "compose", "--file", str(HERE.parent / "compose.yaml")]
OBJECTS = (HERE / "objects.py").read_text(encoding="utf-8")
# Services of inactive profiles may be running too. Listed, because not all Compose
# releases since 2.24.1 accept * for all profiles.
ALL_PROFILES = ["--profile", "manual", "--profile", "scale"]
CHUNK = 1024**2
# The superuser's name, which differs in stacks of older releases. Inside its container,
# PostgreSQL requires no password.
AS_SUPERUSER = '--username="$POSTGRES_USER"'


class BackupError(Exception):
    """A backup or restore has failed; the message says why."""


def run(*arguments: str) -> str:
    """Run a Docker Compose command; return its output.

    Raises:
        BackupError: If it fails.
    """
    ran = subprocess.run(
        [*COMPOSE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    _check(ran.returncode, arguments)
    return ran.stdout.strip()


def save(file: Path, *arguments: str) -> None:
    """Write the output of a command to a new file.

    Raises:
        BackupError: If the command fails or the file cannot be written.
    """
    command = [*COMPOSE, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        try:
            with file.open("xb") as target:
                while chunk := process.stdout.read(CHUNK):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
        except OSError as error:
            process.kill()
            raise BackupError(
                f"cannot write {file}: {error.strerror} after"
                f" {file.stat().st_size / 1e6:.0f} MB"
            ) from error
    _check(process.returncode, arguments)


def feed(file: Path, *arguments: str) -> None:
    """Run a command with a file as its input.

    Raises:
        BackupError: If it fails.
    """
    with file.open("rb") as source:
        ran = subprocess.run([*COMPOSE, *arguments], stdin=source, check=False)
    _check(ran.returncode, arguments)


def in_postgres(program: str, *arguments: str) -> list[str]:
    """Return a command that runs a program as PostgreSQL's superuser."""
    script = f'exec {program} {AS_SUPERUSER} "$@"'
    return ["exec", "-T", "postgres", "sh", "-c", script, program, *arguments]


def compute_digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _check(code: int, arguments: tuple[str, ...]) -> None:
    if code:
        shown = " ".join(each for each in arguments if each != OBJECTS)
        raise BackupError(f"docker compose {shown} failed with exit code {code}")
