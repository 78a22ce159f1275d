import os

import pytest

from serving.monitoring.multiprocess.versions import (
    RETENTION_SECONDS,
    find_hidden_versions,
    find_removable_versions,
    record_unknown_versions,
    record_versions,
    remove_records,
)


def test_nothing_is_hidden_while_nobody_records(folder, age):
    age("1", 2 * RETENTION_SECONDS + 1)
    age("2", RETENTION_SECONDS + 1)

    assert find_hidden_versions(folder) == find_removable_versions(folder) == set()


def test_only_unknown_versions_are_recorded(folder, age):
    age("1", RETENTION_SECONDS + 1)

    record_unknown_versions(folder, ["1", "2"])

    assert find_hidden_versions(folder) == {"1"}
    assert (folder / "2.version").exists()


@pytest.mark.parametrize("version", ["7", "a/b", "..", "é ü", "x%2F"])
def test_versions_have_any_name(folder, version):
    record_versions(folder, [version, "1"])
    (record,) = (path for path in folder.iterdir() if path.name != "1.version")
    os.utime(record, (0, 0))

    assert find_hidden_versions(folder) == {version}
    remove_records(folder, [version])
    assert [path.name for path in folder.iterdir()] == ["1.version"]


def test_a_missing_folder_is_survived(folder):
    folder.rmdir()

    record_versions(folder, ["1"])
    remove_records(folder, ["1"])

    assert find_hidden_versions(folder) == set()
