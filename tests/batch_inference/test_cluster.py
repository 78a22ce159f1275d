"""A whole run whose rows are scored on a Dask cluster."""

import pytest

pytestmark = pytest.mark.slow


def read_files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("part-*")
    }


def test_run_on_a_cluster_writes_the_same_files(
    score, trained, flowers, tmp_path, monkeypatch
):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    rows = tmp_path / "rows"
    rows.mkdir()
    for number in range(12):
        flowers.loc[7, "petal_width"] = 99.0 if number < 2 else 1.0
        flowers.to_parquet(rows / f"{number:02}.parquet")
    here, there = score(source=rows), tmp_path / "there"

    run = trained.start(
        *("run", "--env", "dask", "--pipelines=batch_inference"),
        f"--params=batch_inference.source={rows},batch_inference.target={there}",
    )
    output, _ = run.communicate()

    assert run.returncode == 0, output
    assert "Connected to the cluster at tcp://127.0.0.1" in output
    assert "Scored 1,798 of 1,800 rows" in " ".join(output.split())
    assert not [word for word in ("Nanny", "Traceback", "warning") if word in output]
    files = read_files(there)
    assert len(files) == 12 + 12 + 2  # scores, what is known of each, and two rejects
    assert files == read_files(here.target)
