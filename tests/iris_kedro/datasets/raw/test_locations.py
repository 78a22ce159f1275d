import mlflow
import pytest

from iris_kedro.datasets.raw.locations import read_location


@pytest.mark.usefixtures("tracking")
def test_artifact_of_a_run_is_read(tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")
    with mlflow.start_run() as run:
        mlflow.log_artifact(str(tmp_path / "rows.jsonl"))

    assert read_location(f"runs:/{run.info.run_id}/rows.jsonl", ".") == b"{}\n"


def test_relative_path_is_resolved_in_the_folder(tmp_path):
    (tmp_path / "rows.jsonl").write_text("{}\n")

    assert read_location("rows.jsonl", str(tmp_path)) == b"{}\n"
    assert read_location(f"file://{tmp_path}/rows.jsonl", "/else") == b"{}\n"
    with pytest.raises(FileNotFoundError):
        read_location("rows.jsonl", "/else")
