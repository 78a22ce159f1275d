import importlib
import os
import sysconfig

import pytest

from iris_kedro import settings

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
