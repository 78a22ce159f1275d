import pytest

from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.errors import ProjectError


def test_file_that_changed_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    rows = RowsDataset("a.csv", path=str(tmp_path)).load()
    (tmp_path / "a.csv").write_text("a\n123\n")

    with pytest.raises(
        ProjectError, match=r"a.csv' has changed.*2 rows starting at row 1"
    ):
        list(rows.read(rows.parts[0]))


def test_file_that_is_gone_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    rows = RowsDataset("a.csv", path=str(tmp_path)).load()
    (tmp_path / "a.csv").unlink()

    with pytest.raises(ProjectError, match=r"a.csv' cannot be read"):
        list(rows.read(rows.parts[0]))
