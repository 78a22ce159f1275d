"""What retrain.yml passes on and retrain.sh runs, with a fake kedro."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "deploy" / "retrain.sh"
INSTALL = """#!/bin/sh
mkdir -p "$1/bin"
printf '#!/bin/sh\\necho "$@"\\n' >"$1/bin/kedro"
chmod +x "$1/bin/kedro"
"""


@pytest.fixture
def retrain(tmp_path):
    """Run the script; return the result."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / "deploy")
    (install := tmp_path / "scripts" / "install.sh").write_text(INSTALL)
    install.chmod(0o755)
    kept = {
        name: text
        for name, text in os.environ.items()
        if name not in {"KEDRO_ENV", "SOURCE"}
    }

    def retrain(**environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script], env=kept | environ, capture_output=True, text=True, check=False
        )

    return retrain


@pytest.mark.parametrize(
    ("environ", "arguments"),
    [
        ({}, "run --env production"),
        ({"KEDRO_ENV": "", "SOURCE": ""}, "run --env production"),
        ({"KEDRO_ENV": "wine"}, "run --env wine"),
        (
            {"SOURCE": "s3://a/b.csv"},
            "run --env production --params data_engineering.source=s3://a/b.csv",
        ),
    ],
)
def test_environment_and_source_are_passed(retrain, environ, arguments):
    ended = retrain(**environ)

    assert ended.stdout.splitlines() == [arguments], ended.stderr


def test_a_source_cannot_add_parameters(retrain):
    ended = retrain(SOURCE="a.csv,model_release.strategy=none")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "SOURCE is not a plain path or URL" in ended.stderr


def test_all_documented_settings_are_passed():
    """Those of the environment in which ``retrain.yml`` runs."""
    page = (PROJECT / "docs/how-to/github.md").read_text()
    rows = re.search(r"^\| environment `training` .*\n(?:\| \| .*\n)*", page, re.M)[0]
    documented = set(re.findall(r"`([A-Z_]{4,})`", rows))
    workflow = yaml.safe_load((PROJECT / ".github/workflows/retrain.yml").read_text())
    steps = workflow["jobs"]["train"]["steps"]
    (step,) = [each for each in steps if each.get("run") == "deploy/retrain.sh"]

    assert {"KEDRO_ENV", "IRIS_SOURCE", "SOURCE_URL"} <= documented
    assert documented | {"SOURCE"} == set(step["env"])
