"""What the serving benchmark repeats and reads, without servers."""

from types import SimpleNamespace

import pytest

from benchmarks.serving import run
from benchmarks.serving.contenders import OURS
from benchmarks.serving.load import Measured


class Server:
    """A server whose model can be changed."""

    url = "http://127.0.0.1:1"
    contender = OURS
    version = "1"

    def ask(self, *_):
        return {"model": {"version": self.version}}


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def loads(server, monkeypatch):
    """Replace loads by ones with a failure each; Production changes in the last."""

    def replace_loads(count):
        measured = Measured(10, 1.0, 2.0, 3.0, failed=1)
        done = []

        def load(*_):
            done.append(measured)
            if len(done) == count:
                server.version = "2"
            return measured

        timer = SimpleNamespace(start=lambda: None, join=lambda: None)
        monkeypatch.setattr(run.threading, "Timer", lambda *_: timer)
        monkeypatch.setattr(run, "load", load)

    return replace_loads


@pytest.mark.parametrize("count", [1, 3])
def test_load_continues_until_production_has_changed(server, loads, tmp_path, count):
    loads(count)

    measured = run.load_while_swapping(server, tmp_path, [[1.0] * 4])

    assert (measured.p99, measured.failed) == (3.0, count)


def test_a_swap_that_never_comes_is_an_error(server, loads, tmp_path):
    loads(100)

    with pytest.raises(SystemExit, match="did not change in 30 s"):
        run.load_while_swapping(server, tmp_path, [[1.0] * 4])


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ('{"last_seen": 7.5}   ', 7.5),
        ('{"last_seen": null}', 0.0),
        ('{"last_se', 0.0),
        (None, 0.0),
    ],
)
def test_follower_report_is_read(tmp_path, content, seen):
    report = tmp_path / "registry.json"
    if content:
        report.write_text(content)

    assert run.read_last_seen(report) == seen
