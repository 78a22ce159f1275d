import importlib
import os
import sysconfig

import pytest

from iris_kedro import settings
from tests.fixtures.processes import run_script

SCRIPTS = sysconfig.get_path("scripts")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin:/bin", f"{SCRIPTS}:/usr/bin:/bin"),
        (f"{SCRIPTS}:/bin", f"{SCRIPTS}:/bin"),
        (f"/bin:{SCRIPTS}", f"{SCRIPTS}:/bin:{SCRIPTS}"),
        (None, f"{SCRIPTS}:{os.defpath}"),
    ],
)
def test_programs_of_the_virtual_environment_are_found_first(
    monkeypatch, path, expected
):
    monkeypatch.delenv("PATH")
    if path is not None:
        monkeypatch.setenv("PATH", path)

    importlib.reload(settings)

    assert os.environ["PATH"] == expected


@pytest.mark.slow
def test_commands_that_train_nothing_do_not_load_scikit_learn():
    script = (
        "import sys; import iris_kedro.cli, iris_kedro.settings;"
        "print([n for n in ('sklearn', 'skl2onnx', 'matplotlib') if n in sys.modules])"
    )

    assert run_script(script) == "[]\n"
