import pytest

from serving.monitoring.multiprocess.keys import find_versions


@pytest.mark.parametrize(
    ("labels", "versions"),
    [
        ({"version": "3", "prediction": "setosa"}, {"3"}),
        ({"version": "3", "shadow": "4", "agrees": "true"}, {"3", "4"}),
        ({"version": "4", "other": "3", "agrees": "true"}, {"3", "4"}),
        ({"value": "other"}, set()),
    ],
)
def test_all_versions_of_a_series_are_found(labels, versions):
    assert find_versions(labels) == versions
