import sys

import pytest

from serving.server import boot


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr(boot, "RETRY_SECONDS", 0)


def fail():
    raise OSError("no space")


def test_the_application_is_returned():
    assert boot.create_app(lambda: "app") == "app"


def test_an_error_of_the_first_workers_stops_the_service():
    with pytest.raises(OSError, match="no space"):
        boot.create_app(fail)


def test_a_replacement_that_fails_is_retried(monkeypatch, no_pause, caplog):
    monkeypatch.setattr(boot, "is_replacement", True)

    with pytest.raises(SystemExit) as caught:
        boot.create_app(fail)

    # gunicorn stops the service for 3 and 4 only.
    assert caught.value.code == 1
    assert caplog.messages == ["worker cannot start"]


@pytest.mark.parametrize(
    ("module", "create"),
    [
        ("serving.app", boot.create_wsgi_app),
        ("serving.server.asgi.bridge", boot.create_asgi_app),
    ],
)
def test_a_replacement_that_cannot_import_is_retried(
    monkeypatch, no_pause, module, create
):
    monkeypatch.setattr(boot, "is_replacement", True)
    package, _, name = module.rpartition(".")
    monkeypatch.delattr(sys.modules[package], name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(SystemExit) as caught:
        create()

    assert caught.value.code == 1
