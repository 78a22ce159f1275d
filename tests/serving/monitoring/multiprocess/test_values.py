import prometheus_client.values
import pytest
from prometheus_client import Counter

from serving.monitoring.multiprocess import values
from serving.monitoring.multiprocess.reserved_dict import RETRY_SECONDS, ReservedDict
from serving.monitoring.multiprocess.values import (
    count_unshared_values,
    forget_series,
    share_values,
)

pytestmark = pytest.mark.usefixtures("reserved_files")


def test_forgotten_series_leave_the_file(work, folder, read):
    predictions = work(11).predictions
    for version in "123":
        predictions.labels(version).inc(int(version))
    kept = predictions.labels("3")

    forget_series(lambda key: '"1"' in key or '"2"' in key)
    kept.inc()

    assert read() == {("3",): 4}
    assert b'"1"' not in _used(folder / "counter_11.db")


def test_series_that_come_and_go_take_no_more_memory(work):
    predictions = work(11).predictions
    _, _, known = values._shared_state()
    before = len(known)

    for version in range(100):
        predictions.labels(str(version)).inc()
        predictions.remove(str(version))
        forget_series(lambda key, version=version: f'"{version}"' in key)

    assert len(known) == before


def test_a_forgotten_series_starts_at_zero(work, read):
    predictions = work(11).predictions
    predictions.labels("1").inc(5)
    predictions.remove("1")
    forget_series(lambda key: '"1"' in key)

    predictions.labels("1").inc()

    assert read() == {("1",): 1}


def test_the_internals_of_prometheus_client_are_unchanged(work):
    Counter("pinned", "Pinned", registry=work(11).registry).inc()

    files, lock, known = values._shared_state()

    assert isinstance(files["counter"], ReservedDict)
    assert {"pinned"} <= {value._params[1] for value in known}
    assert all(isinstance(value._key, str) for value in known)
    assert not lock.locked()


def test_values_are_shared_whenever_prometheus_client_was_imported(run):
    result = run(
        """
import json, os
folder = os.environ.pop("PROMETHEUS_MULTIPROC_DIR")
from prometheus_client import CollectorRegistry, Counter
from serving.monitoring.multiprocess.values import use_reserved_files

os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
use_reserved_files()
Counter("rows", "Rows", registry=CollectorRegistry()).inc()
print(json.dumps(os.listdir(folder)))
"""
    )

    assert [name.split("_")[0] for name in result] == ["counter"]


def test_forget_series_does_nothing_in_a_single_process(monkeypatch):
    monkeypatch.setattr(
        prometheus_client.values, "ValueClass", prometheus_client.values.MutexValue
    )

    forget_series(lambda key: True)

    assert count_unshared_values() == 0


def test_values_that_do_not_change_are_shared_too(work, fill, now, read):
    filler = fill()
    work(11).predictions.labels("1").inc(5)
    filler.unlink()
    now[0] += RETRY_SECONDS

    share_values()

    assert read() == {("1",): 5}
    assert count_unshared_values() == 0


def _used(path) -> bytes:
    content = path.read_bytes()
    return content[: int.from_bytes(content[:4], "little")]
