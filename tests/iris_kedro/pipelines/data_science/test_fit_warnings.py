import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from iris_kedro.pipelines.data_science.fit_warnings import collect_warnings


def test_equal_warnings_are_counted():
    with collect_warnings() as found:
        for _ in range(3):
            warnings.warn("not\n converged", RuntimeWarning, stacklevel=1)

    assert found == {"RuntimeWarning: not converged": 3}


def test_equal_warnings_of_other_times_are_counted():
    with collect_warnings() as found:
        for second in range(3):
            text = f"[12:00:0{second}] WARNING: not used"
            warnings.warn(text, UserWarning, stacklevel=1)

    assert found == {"UserWarning: WARNING: not used": 3}


def test_threads_do_not_mix_their_warnings():
    together = Barrier(4)

    def fit(number):
        with collect_warnings() as found:
            together.wait()
            warnings.warn(f"of {number}", RuntimeWarning, stacklevel=1)
            together.wait()
        return found

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(fit, range(4)))

    assert results == [{f"RuntimeWarning: of {number}": 1} for number in range(4)]


def test_warnings_are_shown_as_before_afterwards():
    shown = warnings.showwarning

    with collect_warnings():
        assert warnings.showwarning is not shown

    assert warnings.showwarning is shown
