import matplotlib as mpl
import pytest

from iris_kedro import style


def test_names_keep_their_colours():
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


@pytest.mark.parametrize(
    ("count", "rows", "columns"), [(1, 1, 1), (3, 1, 3), (7, 3, 3), (30, 10, 3)]
)
def test_grid_has_the_requested_number_of_axes(count, rows, columns):
    figure, places = style.new_grid(count, 3, 2, 1)

    assert figure.axes == places
    assert len(places) == count
    assert figure.get_size_inches().tolist() == [2 * columns, rows]


def test_axes_above_an_empty_place_have_numbers_below():
    _, places = style.new_grid(5, 3, 2, 1, sharex=True)

    shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in places]
    assert shown == [False, False, True, True, True]


def test_note_is_a_text_without_axes():
    (axes,) = style.write_note("Nothing to see.").axes

    assert [text.get_text() for text in axes.texts] == ["Nothing to see."]
    assert not axes.axison
