import pytest

from tests.serving.fixtures.iris import SETOSA


def post(client, path, body, **headers):
    return client.post(path, json=body, headers=headers)


def test_predict_returns_class_probabilities_and_model(client, setosa):
    answer = post(client, "/predict", setosa).json

    assert answer["prediction"] == "setosa"
    assert list(answer["probabilities"]) == ["setosa", "versicolor", "virginica"]
    assert answer["probabilities"]["setosa"] > 0.9
    assert answer["model"] == {
        "name": "iris",
        "version": "3",
        "run_id": "0123456789abcdef",
    }
    assert answer["out_of_range"] == []


def test_each_prediction_has_its_own_id(client, setosa):
    first, second = (post(client, "/predict", setosa).json for _ in range(2))

    assert first["prediction_id"] != second["prediction_id"]


def test_predict_lists_values_outside_the_training_range(client, setosa):
    answer = post(client, "/predict", setosa | {"petal_width": 9})

    assert answer.status_code == 200
    assert answer.json["out_of_range"] == ["petal_width"]


def test_the_bounds_of_the_training_range_are_inside(client, setosa):
    edges = {"sepal_length": 7.9, "sepal_width": 4.4, "petal_length": 6.9}

    assert post(client, "/predict", setosa | edges).json["out_of_range"] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sepal_length": "5.1"}, "must be a number, not a string"),
        ({"sepal_length": True}, "must be a number, not a boolean"),
        ({"sepal_length": None}, "must be a number, not null"),
        ({"sepal_length": [1]}, "must be a number, not an array"),
        ({"sepal_length": {}}, "must be a number, not an object"),
        ({"sepal_length": -1}, "must be at least 0.1 cm"),
        ({"sepal_length": 1e30}, "must be at most 30 cm"),
        ({"colour": 1}, "is not an input of the model"),
    ],
)
def test_predict_points_to_a_bad_value(client, setosa, change, message):
    answer = post(client, "/predict", setosa | change)

    assert answer.status_code == 422
    assert answer.json["total"] == 1
    (name,) = change
    assert answer.json["errors"] == [{"pointer": f"/{name}", "message": message}]


def test_predict_points_to_a_missing_value(client, setosa):
    del setosa["petal_width"]

    answer = post(client, "/predict", setosa)

    assert answer.json["errors"] == [
        {"pointer": "/petal_width", "message": "is missing"}
    ]


@pytest.mark.parametrize("body", [[], "x", 5])
def test_predict_requires_an_object(client, body):
    assert post(client, "/predict", body).status_code == 422


def test_batch_accepts_objects_and_a_table(client, setosa):
    table = {"columns": list(setosa), "data": [list(setosa.values())] * 2}

    by_name = post(client, "/predict/batch", {"instances": [setosa] * 2}).json
    by_table = post(client, "/predict/batch", table).json

    assert by_name.pop("prediction_id") != by_table.pop("prediction_id")
    assert by_name == by_table
    assert by_name["predictions"] == ["setosa", "setosa"]
    assert by_name["classes"] == ["setosa", "versicolor", "virginica"]
    assert len(by_name["probabilities"]) == 2


def test_batch_accepts_and_returns_csv(client, setosa):
    body = ",".join(setosa) + "\n" + ",".join(map(str, setosa.values())) + "\n"

    answer = client.post(
        "/predict/batch",
        data=body,
        content_type="text/csv; charset=utf-8",
        headers={"Accept": "text/csv"},
    )

    assert answer.mimetype == "text/csv"
    assert answer.text.splitlines()[0] == "prediction,setosa,versicolor,virginica"
    assert answer.text.splitlines()[1].startswith("setosa,0.98")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/columns"),
        ([], ""),
        ({"instances": 5}, "/instances"),
        ({"instances": None}, "/instances"),
        ({"instances": []}, ""),
        ({"instances": [SETOSA], "extra": 1}, "/extra"),
        ({"columns": [], "data": []}, "/columns"),
        ({"columns": ["a", "b", "c", "d"], "data": [[1]]}, "/columns/0"),
    ],
)
def test_batch_points_to_an_invalid_format(client, body, pointer):
    answer = post(client, "/predict/batch", body)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    ("rows", "listed", "detail"),
    [
        (1, 1, "1 error in the input."),
        (99, 99, "99 errors in the input."),
        (100, 100, "100 errors in the input."),
        (150, 100, "More than 100 errors in the input."),
    ],
)
def test_batch_reports_the_first_hundred_errors(client, setosa, rows, listed, detail):
    bad = setosa | {"petal_width": -1}

    answer = post(client, "/predict/batch", {"instances": [setosa, *[bad] * rows]})

    assert answer.json["errors"][0]["pointer"] == "/instances/1/petal_width"
    assert len(answer.json["errors"]) == listed
    assert answer.json.get("total") == (rows if rows == listed else None)
    assert answer.json["detail"] == detail


def test_another_model_has_other_fields_and_classes(make_app, wine):
    client = make_app(wine).test_client()

    answer = post(client, "/predict", {"acid": 5.1, "sugar": 3.5, "salt": 1.4})

    assert answer.json["prediction"] == "red"
    assert set(answer.json["probabilities"]) == {"red", "white"}
    assert answer.json["model"]["version"] == "7"


SOURCE = "Sepal Length (cm),sepal-width,id,PETAL LENGTH,petal_width,species\n"


def post_csv(client, query, rows):
    path = f"/predict/batch{query}"
    return client.post(path, data=SOURCE + rows, content_type="text/csv")


def test_batch_accepts_the_format_of_the_training_data(client, setosa):
    answer = post_csv(client, "?layout=source&other=1", "5.1,3.5,7,1.4,0.2,setosa\n")

    single = post(client, "/predict", setosa).json
    assert answer.json["predictions"] == [single["prediction"]]
    assert answer.json["probabilities"] == [list(single["probabilities"].values())]


def test_batch_does_not_guess_the_format_of_a_file(make_app, passengers):
    client = make_app(passengers).test_client()

    answer = post_csv(client, "?layout=source", "")

    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert "the model does not describe its training data" in error["message"]


@pytest.mark.parametrize("query", ["", "?layout=contract", "?lay=source"])
def test_batch_accepts_only_the_features_by_default(client, query):
    answer = post_csv(client, query, "5.1,3.5,7,1.4,0.2,setosa\n")

    assert answer.status_code == 422
    assert answer.json["errors"][0] == {
        "pointer": "/0/0",
        "message": "'Sepal Length (cm)' is not an input of the model; "
        "/predict/batch?layout=source ignores other columns",
    }


def test_batch_names_the_row_of_the_file(client):
    answer = post_csv(client, "?layout=source", "\n5.1,3.5,7,1.4,x,setosa\n")

    assert answer.json["errors"] == [
        {
            "pointer": "/1/petal_width",
            "message": "must be a number, not a string",
            "row": 3,
        }
    ]


@pytest.mark.parametrize("layout", ["", "Source", "x" * 1000])
@pytest.mark.parametrize("is_csv", [True, False])
def test_batch_refuses_an_unknown_layout(client, setosa, layout, is_csv):
    query = f"?layout={layout}"

    answer = (
        post_csv(client, query, "5.1,3.5,7,1.4,0.2,setosa\n")
        if is_csv
        else post(client, f"/predict/batch{query}", {"instances": [setosa]})
    )

    assert answer.status_code == 400
    assert answer.json["detail"].startswith(
        f"The query parameter layout must be one of contract, source, not '{layout[:9]}"
    )
    assert len(answer.data) < 1000


def test_the_layout_does_not_apply_to_json(client, setosa):
    path = "/predict/batch?layout=source"

    assert post(client, path, {"instances": [setosa]}).status_code == 200
    assert post(client, path, {"instances": [setosa | {"id": 1}]}).status_code == 422
