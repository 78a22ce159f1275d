import hashlib
import http.server
import os
import threading

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import SourceDataset
from iris_kedro.watcher.triggers.source import read_source

CONTENT = b"a,species\n1,x\n"


class Counted(SourceDataset):
    """Counts how often it is read."""

    reads = 0

    def load(self):
        type(self).reads += 1
        return super().load()


@pytest.fixture(autouse=True)
def count(monkeypatch):
    monkeypatch.setattr(Counted, "reads", 0)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "source.csv").write_bytes(CONTENT)
    return tmp_path / "source.csv"


def test_file_is_read_again_only_if_it_changed(file):
    dataset = Counted("source.csv", "species", path=str(file.parent))
    first = read_source(dataset, None)
    second = read_source(dataset, first.dump())
    os.utime(file, (1, 1))
    third = read_source(dataset, second.dump())

    assert first == second
    assert first.digest == third.digest == hashlib.sha256(CONTENT).hexdigest()
    assert Counted.reads == 2
    file.write_bytes(CONTENT + b"2,y\n")
    assert read_source(dataset, third.dump()).digest != first.digest


@pytest.mark.parametrize("header", ["ETag", "Last-Modified", None])
def test_url_without_etag_or_date_is_read_again(header):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            if header:
                self.send_header(header, "always the same")
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            """Write nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}/source.csv"
        dataset = Counted(url, "species")
        first = read_source(dataset, None)
        second = read_source(dataset, first.dump())
        server.shutdown()

    assert first == second
    assert Counted.reads == (1 if header else 2)


def test_bundled_data_is_read_again():
    dataset = Counted("sklearn:wine", "cultivar")
    first = read_source(dataset, None)

    assert first.stamp is None
    assert read_source(dataset, first.dump()) == first
    assert Counted.reads == 2


@pytest.mark.parametrize(
    "location", ["none.csv", "http://127.0.0.1:1/none.csv", "SELECT 1"]
)
def test_missing_source_is_named(tmp_path, location):
    dataset = SourceDataset(location, "species", path=str(tmp_path))

    with pytest.raises(DatasetError, match=r"none.csv|SOURCE_URL"):
        read_source(dataset, None)
