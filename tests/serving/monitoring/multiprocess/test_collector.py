import pytest
from prometheus_client import CollectorRegistry, generate_latest

from serving.monitoring.multiprocess.collector import SharedCollector
from serving.monitoring.multiprocess.versions import RETENTION_SECONDS
from tests.serving.monitoring.multiprocess.damage import DAMAGED

pytestmark = pytest.mark.usefixtures("reserved_files")


@pytest.fixture
def scrape(folder):
    registry = CollectorRegistry()
    registry.register(SharedCollector(folder))

    def scrape() -> dict[tuple, float]:
        generate_latest(registry)
        return {
            (sample.name, *sample.labels.values()): sample.value
            for metric in registry.collect()
            for sample in metric.samples
        }

    return scrape


def test_all_processes_are_added_up(work, scrape):
    work(11).predictions.labels("1").inc(2)
    work(12).predictions.labels("1").inc(3)

    samples = scrape()

    assert samples["predictions_total", "1"] == 5
    assert samples["serving_metrics_damaged_files",] == 0
    assert samples["serving_metrics_unshared_values",] == 0
    assert samples["serving_metrics_free_bytes",] > 0


@pytest.mark.parametrize("content", DAMAGED)
def test_damaged_files_are_skipped(work, scrape, folder, content, caplog):
    work(11).predictions.labels("1").inc(2)
    (folder / "counter_12.db").write_bytes(content)

    samples = [scrape(), scrape()][1]

    assert samples["predictions_total", "1"] == 2
    assert samples["serving_metrics_damaged_files",] == 1
    assert [each.message for each in caplog.records] == ["metrics file is damaged"]


def test_files_without_space_are_skipped(work, scrape, folder, caplog):
    work(11).predictions.labels("1").inc(2)
    (folder / "counter_12.db").touch()

    samples = scrape()

    assert samples["predictions_total", "1"] == 2
    assert caplog.records == []


def test_a_scrape_survives_a_full_disk(work, scrape, fill):
    work(11).predictions.labels("1").inc(2)
    fill()
    work(12).predictions.labels("1").inc(3)

    samples = scrape()

    assert samples["predictions_total", "1"] == 2
    assert samples["serving_metrics_unshared_values",] > 0
    assert samples["serving_metrics_free_bytes",] == 0


def test_a_scrape_survives_a_missing_folder(scrape, folder):
    folder.rmdir()

    assert scrape()["serving_metrics_damaged_files",] == 0


def test_old_versions_are_hidden(work, scrape, age):
    for version in "123":
        work(11).predictions.labels(version).inc()
        work(12).predictions.labels(version).inc()
    work(11).shadow.labels("3", "1").inc()
    age("1", RETENTION_SECONDS + 1)
    age("2", RETENTION_SECONDS - 1)
    age("3", 0)

    counters = ("predictions_total", "shadow_total")
    shown = {sample for sample in scrape() if sample[0] in counters}
    assert shown == {("predictions_total", "2"), ("predictions_total", "3")}
