import pytest

from serving.monitoring.tasks import LONGEST_PAUSE, TaskErrors, attempt, run_forever


class Waits:
    """Replaces waiting: records the durations, and stops after some calls."""

    def __init__(self, times: int) -> None:
        self.seconds = []
        self._times = times

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) > self._times


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), MemoryError(), RecursionError()]
)
def test_a_loop_survives_any_exception(error):
    calls = []
    errors = TaskErrors()

    def fail():
        calls.append(1)
        raise error

    run_forever("reload", fail, 0.25, Waits(3), errors.record)

    assert len(calls) == 3
    assert errors.counts == {"reload": 3}


def test_a_loop_survives_errors_that_cannot_be_recorded():
    calls = []

    def fail(*_):
        calls.append(1)
        raise OSError(28, "No space left on device")

    run_forever("reload", fail, 0.25, Waits(2), fail)

    assert len(calls) == 4


def test_pauses_grow_with_errors_and_end_with_them():
    outcomes = iter([True, True, False])

    def sometimes_fail():
        if next(outcomes):
            raise ValueError

    waits = Waits(3)
    run_forever("reload", sometimes_fail, 1, waits, lambda *_: None)

    assert waits.seconds == [1, 2, 4, 1]


@pytest.mark.parametrize("interval", [1.0, 100.0])
def test_pauses_are_bounded(interval):
    waits = Waits(20)

    run_forever("reload", lambda: 1 / 0, interval, waits, lambda *_: None)

    assert waits.seconds[-1] == max(interval, LONGEST_PAUSE)


def test_a_loop_ends_with_the_process():
    def leave():
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        run_forever("poll", leave, 1, Waits(3), lambda *_: None)


def test_errors_are_logged_with_their_traceback(caplog):
    counted = []
    errors = TaskErrors(counted.append)

    assert not attempt("poll", lambda: 1 / 0, errors.record)

    assert "ZeroDivisionError" in caplog.text
    assert counted == ["poll"]
    assert errors.last["task"] == "poll"
    assert errors.last["error"] == "ZeroDivisionError"
