import io

import pytest
import rich
from IPython.display import ProgressBar
from rich.console import Console

from iris_kedro.progress import track


@pytest.fixture
def use_console(monkeypatch):
    def use(**settings):
        file = io.StringIO()
        monkeypatch.setattr(rich, "_console", Console(file=file, **settings))
        return file

    return use


def test_terminal_shows_title_and_share(use_console):
    file = use_console(force_terminal=True)

    assert list(track([1, 2, 3, 4], "Training")) == [1, 2, 3, 4]

    assert "Training" in file.getvalue()
    assert "100%" in file.getvalue()


def test_pipe_gets_no_bar(use_console):
    file = use_console(force_terminal=False)

    assert list(track([1, 2], "Training")) == [1, 2]

    assert file.getvalue().strip() == ""


def test_notebook_shows_a_bar_that_is_moved_on(use_console, monkeypatch):
    use_console(force_jupyter=True)
    shown = []
    monkeypatch.setattr(ProgressBar, "display", lambda bar: shown.append(repr(bar)))
    monkeypatch.setattr(ProgressBar, "update", lambda bar: shown.append(repr(bar)))

    assert list(track(["a", "b"], "Training")) == ["a", "b"]

    assert [text.rpartition(" ")[2] for text in shown] == ["0/2", "1/2", "2/2"]
