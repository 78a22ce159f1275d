"""Runs batches of calls on workers."""

import pickle
import warnings
from dataclasses import dataclass
from typing import Any

import joblib
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class Placeholder:
    """A placeholder for data in a call; the data is sent once for many calls."""

    number: int


def run_batch(
    content: bytes, *data: Any
) -> tuple[list[Any], list[tuple[str, type[Warning]]]]:
    """Run calls one by one, with one thread per fit, as in a local run.

    Returns:
        The results of the calls, and the warnings of all.
    """
    calls = pickle.loads(content)  # noqa: S301  (Dask also sends pickled functions)

    def fill(value: Any) -> Any:
        return data[value.number] if isinstance(value, Placeholder) else value

    with (
        warnings.catch_warnings(record=True) as found,
        joblib.parallel_config("sequential"),
        threadpool_limits(1),
    ):
        warnings.simplefilter("always")
        results = [
            function(
                *map(fill, arguments),
                **{name: fill(each) for name, each in named.items()},
            )
            for function, arguments, named in calls
        ]
    return results, [(str(each.message), each.category) for each in found]
