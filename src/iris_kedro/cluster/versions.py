"""Versions of the packages and the code that a result depends on."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from iris_kedro.model.provenance import (
    TRAINING_CODE,
    TRAINING_PACKAGES,
    digest_files,
)

OPTIONAL = ("lightgbm", "xgboost", "xgboost-cpu")
CODE = "code of iris_kedro"
PACKAGE = Path(__file__).parents[1]


@cache
def describe_versions() -> dict[str, str]:
    """Return the versions in this process by name; of missing packages, an empty one.

    The code's is a digest, because it changes between releases.
    """
    packages = (*TRAINING_PACKAGES, *OPTIONAL, "joblib", "distributed")
    return {
        "python": platform.python_version(),
        **{name: _find_version(name) for name in packages},
        CODE: digest_files(PACKAGE, TRAINING_CODE).removeprefix("sha256:")[:12],
    }


def list_differences(versions: dict[str, str]) -> list[str]:
    """Say what a worker has in another version than this process."""
    return [
        f"{name} {versions.get(name) or 'is missing'}, here {mine}"
        for name, mine in describe_versions().items()
        if mine and versions.get(name) != mine
    ]


def _find_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
