import numpy as np
import pytest

from iris_kedro.notebook.monitoring import (
    count_warnings,
    measure_drift,
    measure_values,
)
from iris_kedro.notebook.monitoring.metrics import count_predictions

NOTHING = """\
# TYPE serving_feature_minimum gauge
serving_feature_minimum{feature="width"} 0.1
# TYPE serving_training_mean gauge
serving_training_mean{feature="width"} 2.0
# TYPE serving_training_standard_deviation gauge
serving_training_standard_deviation{feature="width"} 0.5
"""


def scrape(rows, offset):
    """Return /metrics of two versions that share the rows."""
    lines = [
        "# TYPE serving_predictions counter",
        *[
            f'serving_predictions_total{{version="{version}",prediction="a"}}'
            f" {rows / 2}"
            for version in (1, 2)
        ],
        "# TYPE serving_feature_offset counter",
        *[
            f'serving_feature_offset_total{{version="{version}",feature="width"}}'
            f" {offset / 2}"
            for version in (1, 2)
        ],
    ]
    return NOTHING + "\n".join(lines) + "\n"


def test_predictions_of_all_versions_are_counted():
    assert count_predictions(scrape(10, 19)) == 10
    assert count_predictions(NOTHING) == 0


def test_drift_is_the_mean_since_the_first_scrape():
    first, second = scrape(10, 19), scrape(30, 19 + 20 * 2.4)

    drift = measure_drift(first, second)

    assert drift.loc["width"].tolist() == pytest.approx([2.0, 2.5, 1.0])


def test_drift_counts_from_nothing_before_the_first_request():
    drift = measure_drift(NOTHING, scrape(10, 19))

    assert drift.loc["width", "shift"] == pytest.approx(0)


TRAINING = """\
# TYPE serving_training_value_share gauge
serving_training_value_share{feature="sex",value="female"} 0.5
serving_training_value_share{feature="sex",value="male"} 0.5
serving_training_value_share{feature="alone",value="true"} 1.0
"""


def scrape_values(female, male, missing=0, unknown=0):
    """Return /metrics of a table without numbers."""
    counts = {"female": female, "male": male}
    lines = [
        "# TYPE serving_predictions counter",
        f'serving_predictions_total{{version="1",prediction="a"}} {female + male}',
        "# TYPE serving_feature_values counter",
        *[
            f'serving_feature_values_total{{version="{version}",feature="sex",'
            f'value="{value}"}} {count / 2}'
            for value, count in counts.items()
            for version in (1, 2)
        ],
        "# TYPE serving_feature_missing counter",
        f'serving_feature_missing_total{{version="1",feature="sex"}} {missing}',
        "# TYPE serving_feature_unknown counter",
        f'serving_feature_unknown_total{{version="1",feature="sex"}} {unknown}',
    ]
    return TRAINING + "\n".join(lines) + "\n"


def test_missing_numbers_do_not_count_for_the_mean():
    missing = (
        "# TYPE serving_feature_missing counter\n"
        'serving_feature_missing_total{version="1",feature="width"} 5\n'
    )

    drift = measure_drift(NOTHING, scrape(10, 5 * 1.9) + missing)

    assert drift.loc["width", "service"] == pytest.approx(2.0)


def test_shares_of_values_are_those_since_the_first_scrape():
    table = measure_values(scrape_values(10, 10), scrape_values(11, 13))

    assert table.loc[("sex", "female")].tolist() == [0.5, 0.25]
    assert table.loc[("sex", "male")].tolist() == [0.5, 0.75]
    assert np.isnan(table.loc[("alone", "true"), "service"])


def test_shares_of_values_count_from_nothing_before_the_first_request():
    table = measure_values(TRAINING, scrape_values(3, 1))

    assert table.loc["sex", "service"].tolist() == [0.75, 0.25]


def test_table_of_one_type_only_has_no_drift_of_the_other():
    assert measure_drift(TRAINING, scrape_values(1, 1)).empty
    assert measure_values(NOTHING, scrape(10, 19)).empty


def test_warnings_are_counted_since_the_first_scrape():
    found = count_warnings(scrape_values(1, 1, 2, 3), scrape_values(2, 2, 6, 4))

    assert found.loc["sex"].to_dict() == {
        "outside of training": 0,
        "unknown category": 1,
        "missing": 4,
    }
