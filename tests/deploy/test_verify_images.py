"""Images are verified before a rollout; a fake gh knows which are attested."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy" / "verify_images.sh"
GOOD, FOREIGN = (f"docker.io/a/iris-{name}@sha256:{'a' * 64}" for name in ("s", "t"))
GH = f"""#!{sys.executable}
import os, sys
with open(os.environ["CALLS"], "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
sys.exit("Error: no attestations found" if {FOREIGN!r} in sys.argv[3] else 0)
"""


@pytest.fixture
def git(tmp_path):
    """A repository whose main has a commit, and a branch with one more."""

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.check_output(command, text=True).strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message=merged")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("commit", "--quiet", "--allow-empty", "--message=not merged")
    return git


@pytest.fixture
def verify(git, tmp_path):
    """Verify images of a commit; return the result and the calls of gh."""
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    calls = tmp_path / "calls"
    calls.touch()

    def verify(commit: str, *images: str):
        environ = os.environ | {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "GITHUB_REPOSITORY": "someone/iris",
            "CALLS": str(calls),
        }
        ended = subprocess.run(
            [SCRIPT, git("rev-parse", commit), *images],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended, calls.read_text().splitlines()

    return verify


def test_each_image_must_come_from_the_release_of_the_commit(verify, git):
    ended, calls = verify("origin/main", GOOD, GOOD)

    assert ended.returncode == 0, ended.stderr
    commit = git("rev-parse", "origin/main")
    assert calls == 2 * [
        f"attestation verify oci://{GOOD} --repo someone/iris"
        " --signer-workflow someone/iris/.github/workflows/release.yml"
        f" --source-digest {commit} --deny-self-hosted-runners"
    ]


@pytest.mark.parametrize("images", [(FOREIGN, GOOD), (GOOD, FOREIGN)])
def test_an_image_without_an_attestation_is_refused(verify, images):
    ended, _ = verify("origin/main", *images)

    assert ended.returncode != 0
    assert "no attestations found" in ended.stderr


def test_a_commit_that_was_not_merged_is_refused(verify):
    ended, calls = verify("HEAD", GOOD)

    assert ended.returncode == 1
    assert "is not a commit of main" in ended.stderr
    assert calls == []
