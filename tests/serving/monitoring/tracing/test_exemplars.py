"""Exemplars: the request of a bucket, and sharing between workers."""

import json
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from serving.monitoring.multiprocess.files import EXEMPLARS
from serving.monitoring.tracing import exemplars as module
from serving.monitoring.tracing.context import TraceIds
from serving.monitoring.tracing.exemplars import LATENCY, Exemplars

BUCKETS = (0.001, 0.01, 0.1)
ACCEPT = {"Accept": "application/openmetrics-text; version=1.0.0"}


def make_ids(number: int) -> TraceIds:
    return TraceIds(f"{number:032x}", f"{number:016x}")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def make_worker(folder, monkeypatch):
    """Return a function that creates the exemplars of a simulated process."""

    def make_worker(process: int) -> Exemplars:
        exemplars = Exemplars(folder, BUCKETS)
        share = exemplars.share

        def share_as_process() -> None:
            monkeypatch.setattr(module.os, "getpid", lambda: process)
            share()

        exemplars.share = share_as_process
        return exemplars

    return make_worker


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0.0005, "0.001"), (0.001, "0.001"), (0.0011, "0.01"), (0.1, "0.1"), (7, "+Inf")],
)
def test_a_request_is_in_the_bucket_that_counts_it(complete, seconds, bound):
    exemplars = Exemplars(None, BUCKETS)

    exemplars.record(complete(seconds), make_ids(1))

    [key] = exemplars.read()
    assert key == ("GET", "/model", "200", bound)


def test_the_newest_of_all_workers_is_found(make_worker, complete):
    first, second = make_worker(1), make_worker(2)
    now = time.time()

    first.record(complete(0.05, time=now), make_ids(1))
    first.record(complete(0.5, time=now), make_ids(2))
    second.record(complete(0.06, time=now + 1), make_ids(3))
    first.share()
    second.share()

    for each in first, second, make_worker(3):
        found = {key[-1]: request.trace_id for key, request in each.read().items()}
        assert found == {"0.1": make_ids(3).trace_id, "+Inf": make_ids(2).trace_id}


def test_frequent_sharing_does_not_write_each_time(make_worker, complete, folder):
    worker = make_worker(1)

    for number in range(3):
        worker.record(complete(0.05), make_ids(number))
        worker.share()

    assert json.loads((folder / EXEMPLARS.format(process=1)).read_text())[0][1][3] == (
        make_ids(0).span_id
    )


def test_the_exemplars_of_one_worker_need_no_space(make_worker, complete, folder):
    worker = make_worker(1)
    worker.record(complete(0.05), make_ids(1))
    folder.rmdir()

    worker.share()

    assert len(worker.read()) == 1


def test_damaged_files_are_ignored(make_worker, folder, complete):
    worker = make_worker(1)
    worker.record(complete(0.05), make_ids(1))
    (folder / EXEMPLARS.format(process=2)).write_bytes(b"[[[")
    (folder / EXEMPLARS.format(process=3)).write_bytes(b'[[["GET"], [1]]]')

    assert len(worker.read()) == 1


def read_exemplars(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the labels of the exemplars, by route and upper bound."""
    return {
        (sample.labels["route"], sample.labels["le"]): sample.exemplar.labels
        for family in text_string_to_metric_families(text)
        if family.name == LATENCY
        for sample in family.samples
        if sample.exemplar
    }


def test_openmetrics_leads_from_a_bucket_to_its_trace(traced, finish, collector):
    client = traced()

    client.get("/ping")
    answer = client.get("/metrics", headers=ACCEPT)
    finish(client)

    [((route, _), labels)] = read_exemplars(answer.text).items()
    [span] = [each for each in collector.spans if each.route == route]
    assert route == "/ping"
    assert labels == {"trace_id": span.trace_id, "span_id": span.span_id}


def test_other_formats_have_no_exemplars(traced):
    client = traced()

    client.get("/ping")
    answer = client.get("/metrics")

    assert "trace_id" not in answer.text


def test_unsampled_requests_are_not_exemplars(traced):
    client = traced(traces_ratio=0.0)

    client.get("/ping")
    answer = client.get("/metrics", headers=ACCEPT)

    assert read_exemplars(answer.text) == {}
