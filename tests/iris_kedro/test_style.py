import matplotlib as mpl
import pytest

from iris_kedro import style


def test_names_keep_their_colours_and_neighbours_differ():
    colors = style.color_by_name([str(number) for number in range(7)])

    assert list(colors.values()) == style.COLORS
    assert style.color_by_name(["0", "1"])["1"] == colors["1"]


@pytest.fixture
def untouched():
    with mpl.rc_context():
        yield


def test_style_is_used_by_new_figures(untouched):
    style.use()

    figure, axes = style.new_figure(2, 1, 1, 2)

    assert figure.get_size_inches().tolist() == [2, 1]
    assert not axes[0].spines["top"].get_visible()
