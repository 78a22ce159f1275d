import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.config import Config
from serving.server.announcement import announce, make_url


def test_a_service_in_the_background_is_stopped_by_its_id():
    line = announce(Config(model_name="wine"), is_ready=True)

    stop = f"kill {os.getppid()}"
    assert line == f"Serving wine on http://127.0.0.1:8000 (stop with {stop})"


def test_a_service_in_the_foreground_is_stopped_by_ctrl_c(monkeypatch):
    monkeypatch.setattr("os.tcgetpgrp", lambda _: os.getpgrp())

    assert announce(Config(), is_ready=True).endswith("(stop with Ctrl-C)")


def test_a_missing_model_is_explained():
    config = Config(model_name="iris")
    first, second = announce(config, is_ready=False).splitlines()

    assert first.startswith("Serving iris on http://127.0.0.1:8000")
    assert "iris@Production" in second
    assert "make run" in second


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
        ("[::1]:80", "http://[::1]:80"),
        ("iris.example:80", "http://iris.example:80"),
    ],
)
def test_url_is_for_a_browser_on_this_machine(address, url):
    assert make_url(address) == url


def test_gunicorns_master_does_not_load_onnx_runtime():
    settings = "serving.server.gunicorn_conf"
    check = f"import sys, {settings}; sys.exit('onnxruntime' in sys.modules)"

    subprocess.run(
        [sys.executable, "-c", check], cwd=Path(__file__).parents[3], check=True
    )
