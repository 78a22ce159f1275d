"""The contenders and their commands."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.project import ENVIRONMENTS
from benchmarks.scale.models import name_environment

HERE = Path(__file__).parent
# One thread per core of the contender.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")

# Called with the folder of the model, the rows and the folder of the scores.
Command = Callable[[Path, Path, Path], list[str]]


@dataclass(frozen=True)
class Contender:
    """A way to score a Parquet file."""

    name: str
    command: Command
    cores: int = 1
    environment: str = ""
    variables: Callable[[Path], dict[str, str]] = field(default=lambda _: {})
    has_probabilities: bool = True
    has_checks: bool = True
    largest: int = 10_000_000

    def list_variables(self, model: Path) -> dict[str, str]:
        """Return all environment variables that it needs."""
        threads = dict.fromkeys(THREADS, str(self.cores))
        return threads | {"PYTHONWARNINGS": "ignore"} | self.variables(model)


def _ours(processes: int, *options: str) -> Command:
    def command(_: Path, rows: Path, target: Path) -> list[str]:
        parameters = {"source": rows, "target": target, "processes": processes}
        values = [f"batch_inference.{name}={each}" for name, each in parameters.items()]
        kedro = [sys.executable, "-m", "kedro", "run", *options]
        return [*kedro, "--pipelines", "batch_inference", "--params", ",".join(values)]

    return command


def _script(name: str, environment: str, *options: str) -> Command:
    python = ENVIRONMENTS / environment / "bin/python" if environment else None
    script = HERE / "by_hand" / f"{name}.py"

    def command(model: Path, rows: Path, target: Path) -> list[str]:
        files = [str(each) for each in (script, model, rows, target)]
        return [str(python or sys.executable), *files, *options]

    return command


HUNDRED_MILLION = 100_000_000
OURS = Contender(
    "iris-kedro, one process",
    _ours(1),
    variables=name_environment,
    largest=HUNDRED_MILLION,
)
OURS_TWO = Contender(
    "iris-kedro, two processes",
    _ours(2),
    cores=2,
    variables=name_environment,
    largest=HUNDRED_MILLION,
)
OURS_DASK = Contender(
    "iris-kedro, Dask with two workers",
    _ours(2, "--env", "dask"),
    cores=2,
    variables=name_environment,
    largest=HUNDRED_MILLION,
)
POLARS = Contender(
    "by hand: Polars, ONNX Runtime",
    _script("polars_onnx", "scale-polars"),
    environment="polars",
    largest=HUNDRED_MILLION,
)
SKLEARN = Contender("by hand: pandas, scikit-learn", _script("pandas_sklearn", ""))
PYFUNC = Contender(
    "MLflow's pyfunc, ONNX", _script("pyfunc", "", "onnx"), has_checks=False
)
PYFUNC_SKLEARN = Contender(
    "MLflow's pyfunc, scikit-learn",
    _script("pyfunc", "", "sklearn"),
    has_checks=False,
    has_probabilities=False,
)
SPARK = Contender(
    "MLflow's spark_udf, scikit-learn",
    _script("spark_udf", "scale-spark", "1"),
    environment="spark",
    has_checks=False,
    has_probabilities=False,
)
CONTENDERS = [OURS, OURS_TWO, POLARS, SKLEARN, PYFUNC, PYFUNC_SKLEARN]
