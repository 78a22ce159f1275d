"""Versions of the packages and the code that results depend on."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from iris_kedro.model.provenance import TRAINING_CODE, TRAINING_PACKAGES, digest_files

OPTIONAL = ("lightgbm", "xgboost", "xgboost-cpu")
CODE = "code of iris_kedro"
PACKAGE = Path(__file__).parents[1]


@cache
def describe_versions() -> dict[str, str]:
    """Return the versions in this process by name; empty for missing packages.

    The version of the code is a digest, because it changes between releases.
    """
    packages = (*TRAINING_PACKAGES, *OPTIONAL, "joblib", "distributed")
    return {
        "python": platform.python_version(),
        **{name: _find_version(name) for name in packages},
        CODE: digest_files(PACKAGE, TRAINING_CODE).removeprefix("sha256:")[:12],
    }


def list_differences(versions: dict[str, str]) -> list[str]:
    """List the packages whose version on a worker differs from that in this process."""
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
