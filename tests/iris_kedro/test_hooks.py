import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.hooks import ProjectHooks


def test_misspelt_parameter_stops_before_anything_runs():
    parameters = {"data_engineering": {"sourc": "a.csv"}}

    with pytest.raises(ProjectError, match="'sourc'; did you mean 'source'"):
        ProjectHooks().after_catalog_created({"parameters": parameters})
