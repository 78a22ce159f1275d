"""A model's code and requirements, so that MLflow can load it without the project."""

import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
# If the project is installed too, its other modules can still be imported.
INIT = "from pkgutil import extend_path\n\n__path__ = extend_path(__path__, __name__)\n"
REQUIREMENTS = {"derived": ("onnx", "skl2onnx")}


def list_own_parts(types: Iterable[str]) -> list[str]:
    """Return the subpackages of this project that define the types of a model."""
    paths = [name.split(".") for name in types]
    return sorted({path[1] for path in paths if path[0] == PACKAGE.name})


def list_requirements(parts: Iterable[str]) -> list[str]:
    """Return the additional requirements of subpackages."""
    return [name for part in parts for name in REQUIREMENTS.get(part, ())]


def pin_requirements(*packages: str) -> list[str]:
    """Pin packages to the installed versions.

    Otherwise MLflow determines them itself, which takes about 13 s for each model.
    """
    return [f"{package}=={version(package)}" for package in packages]


def copy_code(parts: Iterable[str], folder: Path) -> str:
    """Copy self-contained subpackages; return the path of their package."""
    package = folder / PACKAGE.name
    package.mkdir()
    (package / "__init__.py").write_text(INIT)
    for part in parts:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE / part, package / part, ignore=ignore)
    return str(package)
