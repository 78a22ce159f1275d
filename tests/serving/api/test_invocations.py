import pytest

GOOD = [5.1, 3.5, 1.4, 0.2]
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
RECORD = dict(zip(NAMES, GOOD, strict=True))
BACKWARDS = {"columns": NAMES[::-1], "index": [7], "data": [GOOD[::-1]]}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": NAMES, "data": [GOOD]}},
        {"dataframe_split": BACKWARDS},
        {"dataframe_records": [RECORD]},
        {"instances": [GOOD]},
        {"instances": [RECORD]},
        {"inputs": [GOOD]},
        {"inputs": {name: [value] for name, value in RECORD.items()}},
        {"inputs": [GOOD], "params": {"anything": 1}},
    ],
)
def test_every_format_of_mlflow_is_accepted(client, body):
    answer = client.post("/invocations", json=body)

    assert answer.status_code == 200
    assert answer.json == {"predictions": ["setosa"]}


def test_an_error_in_csv_names_the_row_of_the_file(client):
    text = "sepal_length,sepal_width,petal_length,petal_width\n\n5.1,3.5,1.4,x\n"

    answer = client.post("/invocations", data=text, content_type="text/csv")

    assert answer.json["message"] == (
        "1 error in the input. /1/petal_width must be a number, not a string (row 3)"
    )


def test_csv_is_accepted(client):
    body = ",".join(NAMES) + "\n5.1,3.5,1.4,0.2\n"

    answer = client.post("/invocations", data=body, content_type="text/csv")

    assert answer.json == {"predictions": ["setosa"]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ([GOOD], 400),
        ({"inputs": [GOOD], "instances": [GOOD]}, 400),
        ({"dataframe_split": []}, 422),
        ({"dataframe_split": {"data": [GOOD]}}, 422),
        ({"dataframe_split": {"columns": NAMES}}, 422),
        ({"dataframe_records": [GOOD]}, 422),
        ({"inputs": {"colour": [1]}}, 422),
        ({"inputs": 5}, 422),
        ({"instances": [[*GOOD[:3], "0.2"]]}, 422),
    ],
)
def test_errors_of_bodies_have_mlflows_format(client, body, status):
    answer = client.post("/invocations", json=body)

    assert answer.status_code == status
    assert {"error_code", "message"} <= set(answer.json)


def test_version_works_without_the_full_mlflow_package(client, monkeypatch):
    def installed(name: str) -> str:
        return {"mlflow-skinny": "3.0"}[name]

    monkeypatch.setattr("serving.api.invocations.installed_version", installed)

    assert client.get("/version").text == "3.0"


def test_ping_and_version_respond_like_mlflow(client):
    assert client.get("/ping").status_code == 200
    assert client.get("/version").text.startswith("3.")
