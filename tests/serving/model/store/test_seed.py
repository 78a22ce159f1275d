import os
import subprocess
import sys

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, Store
from serving.model.store.seed import seed


@pytest.fixture
def source(publish, iris_bytes) -> Store:
    """Fill the store that an image contains."""
    return publish(iris_bytes, "3", folder="image")


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "volume")


def test_an_empty_store_gets_the_model(store, source, load_published):
    assert seed(store, source)

    assert load_published(store).version == load_published(source).version


def test_a_model_in_the_store_stays(store, source, publish, build_iris, load_published):
    publish(build_iris(C=0.1), "4", folder="volume")

    assert not seed(store, source)

    assert load_published(store).version.version == "4"


def test_a_damaged_model_is_replaced(store, source, load_published):
    seed(store, source)
    (file,) = store.folder.glob("*/model.onnx")
    os.truncate(file, 100)

    assert seed(store, source)

    assert load_published(store).version.version == "3"


@pytest.mark.parametrize("missing", ["current.json", "*/model.onnx"])
def test_a_source_without_a_model_is_refused(store, source, missing):
    (file,) = source.folder.glob(missing)
    file.unlink()

    with pytest.raises(ModelRefusedError):
        seed(store, source)

    assert not store.pointer(CURRENT).exists()


def run(store: Store, source: Store) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "serving.model.store.seed", str(source.folder)]
    environ = os.environ | {"IRIS_STORE": str(store.folder)}
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )


def test_the_command_fills_a_store_once(store, source, load_published):
    first, second = run(store, source), run(store, source)

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "store filled" in first.stderr + first.stdout
    assert "store already has a model" in second.stderr + second.stdout
    assert load_published(store).version.version == "3"


def test_the_command_fails_with_one_line_without_a_model(store, tmp_path):
    result = run(store, Store(tmp_path / "nothing"))

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.endswith(f"{tmp_path / 'nothing'} contains no model")
