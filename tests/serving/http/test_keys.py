import errno
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from serving.config import ConfigError
from serving.http.keys import ApiKeys, load_keys, read_keys

PAGE = Path(__file__).parents[3] / "docs/how-to/secure.md"


def line(key: str) -> str:
    return f"someone {hashlib.sha256(key.encode()).hexdigest()}\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys"
    path.write_text(line("first"))
    return path


@pytest.fixture
def keys(path, monkeypatch) -> ApiKeys:
    monkeypatch.setattr("serving.http.keys.CHECK_SECONDS", 0)
    return ApiKeys(path)


def test_commands_of_the_documentation_make_a_key(tmp_path, make_app, iris, setosa):
    block = re.search(
        r"```sh\n(key=.*?)IRIS_API_KEYS_FILE", PAGE.read_text(), re.DOTALL
    )
    script = f"{block[1]}echo $key"

    made = subprocess.run(
        ["/bin/bash", "-ec", script], cwd=tmp_path, capture_output=True, check=True
    )

    client = make_app(iris, api_keys_file=tmp_path / "keys").test_client()
    key = {"Authorization": f"Bearer {made.stdout.decode().strip()}"}
    assert client.post("/predict", json=setosa, headers=key).status_code == 200
    assert client.post("/predict", json=setosa).status_code == 401


def test_a_key_may_contain_any_character(path):
    path.write_text(line("schlüssel ☂"))

    # WSGI gives the bytes of a header as Latin-1.
    assert ApiKeys(path).find("schlüssel ☂".encode().decode("latin-1"))


def test_comments_and_empty_lines_are_skipped(path):
    path.write_text(f"# name digest\n\n{line('first')}")

    assert len(read_keys(path)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "alice abc",
        "alice zz",
        "a b c",
        "\xff",
        f"{line('first').strip()} predict,feedbak\n",
        f"{line('first').strip()} predict, feedback\n",
        f"{line('first').strip()} ,\n",
    ],
)
def test_a_damaged_file_stops_the_first_start(path, text):
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigError, match="IRIS_API_KEYS_FILE"):
        ApiKeys(path)


def test_a_missing_file_stops_the_first_start(tmp_path):
    with pytest.raises(ConfigError, match=r"IRIS_API_KEYS_FILE.*No such file"):
        ApiKeys(tmp_path / "none")


def test_a_pipe_is_refused_without_waiting(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)

    with pytest.raises(ConfigError, match="not a pipe"):
        ApiKeys(path)


def test_a_changed_file_is_reloaded(keys, path):
    path.write_text(line("first") + line("second"))

    assert keys.find("second")
    assert keys.find("first")


def test_a_removed_key_is_refused(keys, path):
    path.write_text(line("other"))

    assert not keys.find("first")


def remove(path) -> None:
    path.unlink()


def damage(path) -> None:
    path.write_text("alice not-a-digest")


def empty(path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("break_file", [remove, damage, empty])
def test_a_bad_file_keeps_the_last_good_keys(keys, path, caplog, break_file):
    failures = []
    keys.count_failure = lambda: failures.append(1)

    break_file(path)

    assert keys.find("first")
    assert keys.find("first")
    assert failures == [1]
    assert caplog.messages == ["API keys not reloaded"]


def test_a_repaired_file_is_used_again(keys, path):
    damage(path)
    keys.refresh()

    path.write_text(line("second"))

    assert keys.find("second")


def test_a_file_that_could_not_be_read_is_tried_again(keys, path, monkeypatch):
    failures = []
    keys.count_failure = lambda: failures.append(1)
    path.write_text(line("second"))
    with monkeypatch.context() as disk:
        disk.setattr(type(path), "read_text", fail_to_open)
        assert keys.find("first")
        assert keys.find("first")

    assert keys.find("second")
    assert not keys.find("first")
    assert failures == [1]


def fail_to_open(*_, **__):
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_keys_are_loaded_once_per_process(path):
    assert load_keys(path) is load_keys(path)


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        ("", {"predict"}),
        ("predict", {"predict"}),
        ("feedback", {"feedback"}),
        ("feedback,predict", {"predict", "feedback"}),
    ],
)
def test_a_key_has_the_scopes_of_its_line(path, words, scopes):
    path.write_text(line("other") + f"{line('first').strip()} {words}\n")

    key = ApiKeys(path).find("first")

    assert (key.name, key.scopes) == ("someone", scopes)
