from iris_kedro.pipelines.reporting.comparison import plot_candidates


def test_comparison_shows_what_decides_in_each_fold():
    entry = {"candidate": "random_forest", "folds": [0.2, 0.4]}
    card = {"leaderboard": {"metric": "log_loss", "candidates": [entry]}}

    figure = plot_candidates(card)

    (box,) = figure.data
    assert (box.name, list(box.y)) == ("random forest", [0.2, 0.4])
    assert figure.layout.yaxis.title.text == "log loss"
