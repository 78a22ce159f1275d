import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import grimp
import pytest

from iris_kedro.model.provenance import (
    TRAINING_CODE,
    UNKNOWN,
    digest_files,
    read_git_commit,
)

ROOT = Path(__file__).parents[3]
# Imported in the training, without an effect on its result.
WITHOUT_RESULT = {"configuration", "errors", "model/provenance", "style"}
GIT = shutil.which("git") or "git"


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = [GIT, *identity, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    (tmp_path / "code.py").write_text("one = 1\n")
    git("init")
    git("add", "code.py")
    git("commit", "-m", "Start")
    return git


def test_clean_tree_is_its_commit(repository, tmp_path):
    assert read_git_commit(tmp_path) == repository("rev-parse", "HEAD")


def test_changed_tree_is_marked(repository, tmp_path):
    (tmp_path / "code.py").write_text("one = 2\n")

    assert read_git_commit(tmp_path).endswith("+changes")


def test_new_files_do_not_count_as_changes(repository, tmp_path):
    (tmp_path / "data.csv").touch()

    assert not read_git_commit(tmp_path).endswith("+changes")


def test_folder_without_git_is_unknown(tmp_path):
    assert read_git_commit(tmp_path) == UNKNOWN


def test_missing_git_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert read_git_commit(tmp_path) == UNKNOWN


def test_commit_of_an_image_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_COMMIT", "c0ffee")

    assert read_git_commit(tmp_path) == "c0ffee"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("2"),
        lambda folder: (folder / "a.py").rename(folder / "b.py"),
        lambda folder: (folder / "sub/c.py").write_text(""),
        lambda folder: (folder / "a.py").unlink(),
    ],
    ids=["content", "name", "new file", "no file"],
)
def test_digest_changes_with_files(tmp_path, change):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.py").write_text("1")
    before = digest_files(tmp_path, ["**/*.py"])

    change(tmp_path)

    assert digest_files(tmp_path, ["**/*.py"]) != before


def test_digest_ignores_other_files(tmp_path):
    before = digest_files(tmp_path, ["**/*.py"])

    (tmp_path / "a.pyc").write_text("1")

    assert digest_files(tmp_path, ["**/*.py"]) == before


def test_digest_of_a_file_ignores_files_with_the_same_name_below(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "my.lock").write_text("1")
    before = digest_files(tmp_path, ["my.lock"])

    (tmp_path / "sub/my.lock").write_text("2")

    assert digest_files(tmp_path, ["my.lock"]) == before


def test_digest_of_the_code_covers_what_the_training_imports():
    package = ROOT / "src/iris_kedro"
    covered = {path for each in TRAINING_CODE for path in package.glob(each)}
    graph = grimp.build_graph("iris_kedro", cache_dir=None)

    imported = {
        module
        for name in ("data_engineering", "data_science")
        for module in graph.find_upstream_modules(
            f"iris_kedro.pipelines.{name}", as_package=True
        )
    }

    files = {package.parent / f"{each.replace('.', '/')}.py" for each in imported}
    without = {package / f"{name}.py" for name in WITHOUT_RESULT}
    assert {path for path in files if path.exists()} - covered == without


# --- The command that trains the same model again ------------------------------------


AGAIN = "data_engineering.source=mlruns/raw/c0ffee.csv,data_science.force=true"


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({}, f"kedro run --params {AGAIN}"),
        (
            {"env": "wine", "parameters": {"a.b": True, "c": 3, "d": None}},
            f"kedro run --env wine --params a.b=true,c=3,d=null,{AGAIN}",
        ),
        ({"parameters": {"a": "x y"}}, f"kedro run --params 'a=x y,{AGAIN}'"),
        (
            {"parameters": {"data_engineering.source": "my flowers.csv"}},
            f"kedro run --params {AGAIN}",
        ),
    ],
)
def test_command_has_the_archived_data_and_the_parameters_of_the_run(
    lineage, provenance, given, command
):
    lineage = replace(lineage, provenance=replace(provenance, **given))

    assert lineage.command == command


def test_command_has_the_archived_labelled_rows(lineage):
    raw = replace(lineage.raw, labelled="mlruns/raw/beef.jsonl")

    command = replace(lineage, raw=raw).command

    labelled = "data_engineering.labelled_rows"
    given = f"{labelled}.enabled=true,{labelled}.source=mlruns/raw/beef.jsonl"
    assert command == f"kedro run --params {AGAIN},{given}"
