from iris_kedro.monitoring.gauges import describe_gauges

DRIFT = {"log_e": 7.5, "drifts": True, "effect": 0.4}
QUIET = {"log_e": -2.0, "drifts": False, "effect": None}
REPORT = {
    "model": "iris",
    "version": "3",
    "verdict": "data drift",
    "rows": 500,
    "recent_rows": 90,
    "threshold": 6.7,
    "features": {"length": DRIFT},
    "predictions": QUIET,
    "confidence": QUIET,
    "accuracy": {
        "coverage": 0.0,
        "held_out": {"value": 0.95},
        "value": None,
        "low": None,
        "high": None,
        "estimate": 0.97,
        "gap": None,
    },
}


def find(name, **labels):
    expected = {"model": "iris", "version": "3", **labels}
    return [
        value
        for found, given, value in describe_gauges(REPORT)
        if found == name and given == expected
    ]


def test_gauges_have_the_figures_of_the_report():
    assert find("monitoring_feature_evidence", feature="length") == [7.5]
    assert find("monitoring_feature_drifts", feature="length") == [1]
    assert find("monitoring_estimated_accuracy") == [0.97]


def test_one_verdict_of_all_is_true():
    assert find("monitoring_verdict", verdict="data drift") == [1]
    assert find("monitoring_verdict", verdict="quiet") == [0]


def test_unknown_values_have_no_gauge():
    assert find("monitoring_accuracy") == []
    assert find("monitoring_predictions_effect") == []
