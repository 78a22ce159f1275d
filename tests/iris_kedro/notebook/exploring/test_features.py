from iris_kedro.notebook.exploring import label, plot_missing


def test_label_names_the_unit(dataset, mixed):
    assert label("petal_width", dataset) == "petal width (cm)"
    assert label("deck", mixed) == "deck"


def test_missing_values_have_a_bar_for_each_feature_that_lacks_some(mixed_data, mixed):
    (axes,) = plot_missing(mixed_data, mixed).axes

    shares = [bar.get_width() for bar in axes.patches]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["age", "port", "alone"]
    assert shares == mixed_data[names].isna().mean().tolist()


def test_table_without_gaps_is_told_in_a_sentence(train_data, dataset):
    (axes,) = plot_missing(train_data, dataset).axes

    assert [text.get_text() for text in axes.texts] == ["No value is missing."]
