"""Where a run comes from: code, dependencies and the MLflow run itself."""

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Provenance:
    """What a model's result depends on besides data and parameters."""

    run_id: str
    started_at: str
    git_commit: str
    code_digest: str
    lock_digest: str


@dataclass(frozen=True)
class Lineage:
    """What one training depended on; ``fingerprint`` covers parameters as well."""

    data_digest: str
    provenance: Provenance
    fingerprint: str


def read_git_commit(project: Path) -> str:
    """Return the commit, with ``+changes`` when the tree differs from it."""
    try:
        commit = _git(project, "rev-parse", "HEAD")
        changes = _git(project, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        # An export of the project without git is fine; an image is told its commit.
        return os.environ.get("GIT_COMMIT") or UNKNOWN
    return f"{commit}+changes" if changes else commit


def digest_files(folder: Path, pattern: str) -> str:
    """Digest names and contents of the files that match a pattern."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob(pattern)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _git(project: Path, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603  (the arguments are fixed)
        ["git", *arguments],  # noqa: S607  (the user's own git)
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
