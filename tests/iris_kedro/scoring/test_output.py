import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.scoring.output import Output, choose_columns


def test_all_columns_are_kept_by_default():
    assert choose_columns(None, ["id", "size"]) == ("id", "size")


def test_columns_that_are_kept_have_the_order_in_which_they_are_named():
    assert choose_columns(["size", "id"], ["id", "size"]) == ("size", "id")
    assert choose_columns([], ["id", "size"]) == ()


def test_unknown_columns_are_named():
    with pytest.raises(ProjectError, match="'key', which the rows do not have"):
        choose_columns(["id", "key"], ["id", "size"])


@pytest.mark.parametrize(
    "name", ["prediction", "probability_a", "out_of_range", "model_version"]
)
def test_columns_of_the_input_are_not_overwritten(name):
    with pytest.raises(ProjectError, match=f"already have '{name}'"):
        Output(["id", name], ["a", "b"], "1").check()
