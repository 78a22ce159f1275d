"""The parameters of both libraries: the project's defaults, and all names."""

import sys
from typing import Any

# By default, both libraries use all cores, and their results depend on the number.
DEFAULTS: dict[str, dict[str, Any]] = {
    "lightgbm": {"n_jobs": 1, "verbose": -1},  # or hundreds of lines for each fit
    "xgboost": {"n_jobs": 1},
}


def find_defaults(estimator: Any) -> dict[str, Any]:
    """Return the defaults of parameters that the configuration does not set.

    Returns:
        Values by parameter for ``set_params``, including those of nested estimators.
    """
    parameters = estimator.get_params()
    parts = {f"{name}__": each for name, each in parameters.items()} | {"": estimator}
    return {
        f"{prefix}{name}": value
        for prefix, part in parts.items()
        for library in list_libraries(part)
        for name, value in DEFAULTS.get(library, {}).items()
        if parameters.get(f"{prefix}{name}") is None
    }


def list_parameters(estimator: Any) -> list[str]:
    """Return the names of all parameters that an estimator accepts."""
    names = list(estimator.get_params())
    if "lightgbm" in list_libraries(estimator):
        names += _list_own_parameters(names)
    return sorted({*names})


def refusals() -> tuple[type[Exception], ...]:
    """Return the errors that estimators raise for unsuitable parameters or rows."""
    lightgbm = sys.modules.get("lightgbm")
    return (ValueError, lightgbm.basic.LightGBMError) if lightgbm else (ValueError,)


def list_libraries(estimator: Any) -> set[str]:
    """Return the packages of an estimator's class and its bases."""
    bases = type(estimator).__mro__
    return {each.__module__.partition(".")[0] for each in bases if each is not object}


def _list_own_parameters(names: list[str]) -> list[str]:
    # LightGBM also accepts its own parameters, such as max_bin. If a parameter has
    # another name in scikit-learn, it ignores the aliases, but not the main name.
    try:
        from lightgbm.basic import _ConfigAliases

        parameters = _ConfigAliases._get_all_param_aliases()
    except (ImportError, AttributeError):  # private, may change
        return []
    return [
        name
        for main, aliases in parameters.items()
        for name in (main, *(() if {main, *aliases} & {*names} else aliases))
    ]
