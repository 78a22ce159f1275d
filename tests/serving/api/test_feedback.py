import pytest

ONE, BATCH = "1" * 32, "2" * 32
OTHER_ID = "is not the id of a stored prediction; new predictions are stored within"


@pytest.fixture
def url(store_predictions, sqlite_url):
    store_predictions(
        sqlite_url,
        (ONE, 0, "setosa"),
        (BATCH, 0, "setosa"),
        (BATCH, 1, "virginica"),
        (BATCH, 2, "virginica"),
    )
    return sqlite_url


@pytest.fixture
def client(make_app, iris, url):
    return make_app(iris, database_url=url).test_client()


def metric(client, name: str, **labels: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(name) and all(each in line for each in wanted)
    )


def test_a_label_is_stored(client, url, read_feedback):
    answer = client.post("/feedback", json={"prediction_id": ONE, "label": "setosa"})

    assert answer.status_code == 200
    assert answer.json == {"accepted": 1, "new": 1, "changed": 0}
    assert read_feedback(url) == {(ONE, 0): "setosa"}


def test_labels_of_a_batch_are_stored(client, url, read_feedback):
    items = [
        {"prediction_id": BATCH, "row": 2, "label": "setosa"},
        {"prediction_id": BATCH, "label": "setosa"},
        {"prediction_id": BATCH, "row": 1.0, "label": "virginica"},
    ]

    answer = client.post("/feedback", json={"feedback": items})

    assert answer.json == {"accepted": 3, "new": 3, "changed": 0}
    assert read_feedback(url) == {
        (BATCH, 0): "setosa",
        (BATCH, 1): "virginica",
        (BATCH, 2): "setosa",
    }


@pytest.mark.parametrize(
    "text",
    [
        f"prediction_id,row,label\n{BATCH},1,setosa\n{ONE},0,virginica\n",
        f'\ufefflabel, row ,prediction_id\r\n setosa,1,"{BATCH}"\r\n\r\n'
        f"virginica,00, {ONE}",
    ],
)
def test_csv_is_stored(client, url, read_feedback, text):
    answer = client.post("/feedback", data=text.encode(), content_type="text/csv")

    assert answer.json == {"accepted": 2, "new": 2, "changed": 0}
    assert read_feedback(url) == {(BATCH, 1): "setosa", (ONE, 0): "virginica"}


def test_csv_needs_no_rows(client, url, read_feedback):
    text = f"prediction_id,label\n{ONE},virginica\n"

    client.post("/feedback", data=text, content_type="text/csv")

    assert read_feedback(url) == {(ONE, 0): "virginica"}


def test_the_last_label_wins(client, url, read_feedback):
    one = {"prediction_id": ONE}
    items = [one | {"label": "setosa"}, one | {"label": "virginica"}]

    first = client.post("/feedback", json={"feedback": items}).json
    again = client.post("/feedback", json=items[1]).json
    later = client.post("/feedback", json=items[0]).json

    assert first == {"accepted": 2, "new": 1, "changed": 0}
    assert again == {"accepted": 1, "new": 0, "changed": 0}
    assert later == {"accepted": 1, "new": 0, "changed": 1}
    assert read_feedback(url) == {(ONE, 0): "setosa"}


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, {"/prediction_id": "is missing", "/label": "is missing"}),
        ([], {"": "must be an object"}),
        ({"feedback": []}, {"/feedback": "must contain at least one row"}),
        ({"feedback": {}}, {"/feedback": "must be an array of objects, not an object"}),
        ({"feedback": [1]}, {"/feedback/0": "must be an object"}),
        (
            {"feedback": [], "a/b": 1},
            {"/a~1b": "is not allowed next to 'feedback'"},
        ),
        (
            {"prediction_id": ONE, "label": "rose", "rows": 1},
            {
                "/label": "must be a class of the model: 'setosa', 'versicolor', "
                "'virginica', not 'rose'",
                "/rows": "is not a field of feedback",
            },
        ),
        (
            {"prediction_id": 1, "label": 0, "row": "1"},
            {
                "/prediction_id": "must be a string",
                "/label": "must be a class of the model: 'setosa', 'versicolor', "
                "'virginica', not a number",
                "/row": "must be an integer, not a string",
            },
        ),
        (
            {"prediction_id": "no\0id", "label": None, "row": True},
            {
                "/prediction_id": "is not a prediction id",
                "/label": "must not be null",
                "/row": "must be an integer, not a boolean",
            },
        ),
        (
            {"prediction_id": ONE, "label": "setosa", "row": -1},
            {"/row": "must be between 0 and 2147483647"},
        ),
        (
            {"prediction_id": ONE, "label": "setosa", "row": 2**31},
            {"/row": "must be between 0 and 2147483647"},
        ),
        (
            {"prediction_id": ONE, "label": "setosa", "row": 1},
            {"/row": "is not a row of this prediction"},
        ),
        (
            {"prediction_id": "3", "label": "setosa"},
            {"/prediction_id": f"{OTHER_ID} a second"},
        ),
        (
            {
                "feedback": [
                    {"prediction_id": ONE, "label": "setosa"},
                    {"prediction_id": "3", "label": "setosa"},
                    {"prediction_id": BATCH, "row": 3, "label": "setosa"},
                ]
            },
            {
                "/feedback/1/prediction_id": f"{OTHER_ID} a second",
                "/feedback/2/row": "is not a row of this prediction",
            },
        ),
    ],
)
def test_issues_are_reported_and_nothing_is_written(
    client, url, read_feedback, body, issues
):
    answer = client.post("/feedback", json=body)

    found = {each["pointer"]: each["message"] for each in answer.json["errors"]}
    assert answer.status_code == 422
    assert found == issues
    assert read_feedback(url) == {}
    assert metric(client, "serving_feedback_total") == 0


@pytest.mark.parametrize(
    ("text", "pointer", "row", "message"),
    [
        ("", "/0", None, "prediction_id is missing"),
        ("prediction_id,label,rows\n", "/0/2", None, "'rows' is not a column of"),
        ("prediction_id,label,label\n", "/0/2", None, "label appears more than once"),
        ("prediction_id,label\n", "", None, "must contain at least one row"),
        ("prediction_id,label\n\nx\n", "/1", 3, "must have 2 cells, not 1"),
        ("prediction_id,label\n\nx,setosa\n", "/1/prediction_id", 3, OTHER_ID),
        (f"prediction_id,label\n{ONE},rose\n", "/1/label", 2, "must be a class"),
        (f"prediction_id,label,row\n{ONE},setosa,\n", "/1/row", 2, "be an integer"),
        (f"prediction_id,label,row\n{ONE},setosa,²\n", "/1/row", 2, "be an integer"),
        (f"prediction_id,label,row\n{ONE},setosa,1\n", "/1/row", 2, "is not a row"),
    ],
)
def test_issues_in_csv_have_their_line_number(client, text, pointer, row, message):
    answer = client.post("/feedback", data=text.encode(), content_type="text/csv")

    (issue,) = answer.json["errors"][:1]
    assert answer.status_code == 422
    assert (issue["pointer"], issue.get("row")) == (pointer, row)
    assert message in issue["message"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "text/csv"}, 400),
        ({"data": 'a"b,"', "content_type": "text/csv"}, 400),
        ({"data": "", "content_type": "text/plain"}, 415),
        ({"json": {}, "headers": {"Accept": "text/csv"}}, 406),
        ({"json": {"feedback": [{}] * 4}}, 413),
        (
            {"data": "prediction_id,label\n" + "x,y\n" * 4, "content_type": "text/csv"},
            413,
        ),
        ({"json": {"prediction_id": "x" * 5000}}, 413),
    ],
)
def test_bodies_are_limited_like_others(make_app, iris, url, options, status):
    limits = {"max_rows": 3, "max_body_bytes": 4000}
    client = make_app(iris, database_url=url, **limits).test_client()

    answer = client.post("/feedback", **options)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("label", "stored"),
    [("1", "1"), (1, "1"), (0.0, "0"), ("survived", None), (True, None), (2, None)],
)
def test_a_number_may_be_the_text_of_a_class(
    make_app, passengers, url, read_feedback, label, stored
):
    client = make_app(passengers, database_url=url).test_client()

    answer = client.post("/feedback", json={"prediction_id": ONE, "label": label})

    assert read_feedback(url).get((ONE, 0)) == stored
    if stored is None:
        (issue,) = answer.json["errors"]
        assert "'0' (died), '1' (survived), not" in issue["message"]


def test_without_a_database_the_error_names_the_setting(make_app, iris):
    client = make_app(iris).test_client()

    answer = client.post("/feedback", json={"prediction_id": ONE, "label": "setosa"})

    assert answer.status_code == 404
    assert answer.json["type"] == "urn:problem:no-database"
    assert "Set IRIS_DATABASE_URL" in answer.json["detail"]
    assert client.get("/model").json["feedback"] is False


def test_without_a_model_the_reason_is_given(make_app, url):
    client = make_app(database_url=url).test_client()

    answer = client.post("/feedback", json={"prediction_id": ONE, "label": "setosa"})

    assert answer.status_code == 503
    assert answer.json["type"] == "urn:problem:no-model"


def test_the_model_shows_that_feedback_is_accepted(client):
    assert client.get("/model").json["feedback"] is True


@pytest.mark.parametrize(
    ("scopes", "status"), [("", 403), ("feedback", 200), ("predict,feedback", 200)]
)
def test_a_key_needs_the_scope(make_app, iris, url, scopes, status, write_keys):
    client = make_app(
        iris, database_url=url, api_keys_file=write_keys("secret", scopes)
    ).test_client()
    body = {"prediction_id": ONE, "label": "setosa"}

    answer = client.post("/feedback", json=body, headers={"X-API-Key": "secret"})
    others = client.post("/feedback", json=body)

    assert (answer.status_code, others.status_code) == (status, 401)
    if status == 403:
        assert answer.json["detail"] == "The API key lacks the scope 'feedback'."


def test_feedback_and_corrections_are_counted_separately(client):
    one = {"prediction_id": ONE}
    batch = {"prediction_id": BATCH, "row": 1}
    for body in (
        one | {"label": "setosa"},
        one | {"label": "setosa"},
        one | {"label": "virginica"},
        batch | {"label": "setosa"},
    ):
        assert client.post("/feedback", json=body).status_code == 200

    name = "serving_feedback_total"
    right = metric(client, name, version="3", predicted="setosa", label="setosa")
    wrong = metric(client, name, version="3", predicted="virginica", label="setosa")
    assert (right, wrong, metric(client, name)) == (1, 1, 2)
    assert metric(client, "serving_feedback_corrections_total", version="3") == 1
