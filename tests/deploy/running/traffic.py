"""Requests and labels for the stack."""

import time

from serving.database.engine import connect
from serving.database.schema import upgrade
from serving.database.tables import predictions
from tests.deploy.running.stack import Stack, find_database
from tests.fixtures.predictions import COMMON
from tests.fixtures.processes import wait_until
from tests.serving.fixtures.iris import SETOSA

VIRGINICA = SETOSA | {"petal_length": 6.0, "petal_width": 2.2}


def report_wrong(stack: Stack, rows: int) -> None:
    """Let the service predict, and report another class for each row."""
    batch = [SETOSA | {"sepal_length": 4.3 + each / 100} for each in range(rows)]
    answer = stack.predict({"instances": batch}, "/predict/batch").json()
    others = {"setosa": "virginica", "virginica": "versicolor", "versicolor": "setosa"}
    items = [
        {
            "prediction_id": answer["prediction_id"],
            "row": number,
            "label": others[each],
        }
        for number, each in enumerate(answer["predictions"])
    ]
    # It is stored after the answer; until then its id is unknown.
    wait_until(
        lambda: stack.predict({"feedback": items}, "/feedback").ok, "feedback is taken"
    )


def send_traffic(stack: Stack) -> None:
    """Send valid and invalid requests of every kind."""
    for row in (SETOSA, VIRGINICA, SETOSA | {"petal_width": 9.0}):
        assert stack.predict(row).ok
    batch = {"instances": [SETOSA, VIRGINICA, VIRGINICA]}
    assert stack.predict(batch, "/predict/batch").ok
    assert stack.predict({**SETOSA, "petal_width": "wide"}).status_code == 422
    assert stack.predict(SETOSA, "/nowhere").status_code == 404


def give_feedback(stack: Stack, version: str) -> None:
    """Tell the service that a prediction of a version was right, and another wrong."""
    engine = connect(find_database(stack))
    upgrade(engine)
    common = COMMON | {
        "prediction_id": f"of-version-{version}",
        "predicted_at": time.time(),
        "version": version,
        "prediction": "setosa",
    }
    with engine.begin() as connection:
        rows = [common | {"row_index": row} for row in range(2)]
        connection.execute(predictions.insert(), rows)
    engine.dispose()
    for row, label in enumerate(["setosa", "virginica"]):
        item = {"prediction_id": common["prediction_id"], "row": row, "label": label}
        answer = stack.predict(item, "/feedback")
        assert answer.ok, answer.text
