"""Route /: what can be said of the page without a browser."""

import re
from pathlib import Path

import pytest

import serving

FOLDER = Path(serving.__file__).parent / "web"
STATIC = FOLDER / "static"
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())


def name_of(path: Path) -> str:
    return path.relative_to(STATIC).as_posix()


def test_page_needs_no_model(make_app):
    answer = make_app().test_client().get("/")

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"


def test_policy_allows_nothing_inline_and_no_other_host(client):
    policy = client.get("/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_page_has_nothing_inline(client):
    html = client.get("/").text

    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_local_and_revalidated_on_each_use(client, path):
    address = f"/static/{name_of(path)}"
    answer = client.get(address)
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert again.status_code == 304
    hosts = re.findall(r"https?://[^\"'/]+", path.read_text())
    assert set(hosts) <= {"http://www.w3.org"}  # the name of SVG


@pytest.mark.parametrize("name", ["none.js", "../app.py", "%2e%2e/app.py"])
def test_static_serves_nothing_else(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_scripts_import_files_that_exist():
    for path in STATIC.rglob("*.js"):
        for name in re.findall(r'from "(\..+?)"', path.read_text()):
            assert (path.parent / name).is_file(), f"{path.name} imports {name}"


def test_only_the_picture_names_a_dataset():
    names = re.compile("iris|sepal|petal|setosa", re.IGNORECASE)
    made_for_one = [path for path in FILES if names.search(path.read_text())]

    assert list(map(name_of, made_for_one)) == ["pictures/iris.js"]


def test_page_knows_the_models_that_have_a_picture(client):
    assert 'data-pictures="iris"' in client.get("/").text


def test_links_depend_on_the_configuration(make_app, iris):
    plain = make_app(iris).test_client().get("/").text
    settings = {
        "metrics_bind": "127.0.0.1:9100",
        "mlflow_pages": "https://mlflow.example",
    }
    other = make_app(iris, **settings).test_client().get("/").text

    assert 'href="metrics"' in plain
    assert "MLflow" not in plain
    assert 'href="metrics"' not in other
    assert 'href="https://mlflow.example"' in other


def test_settings_reach_the_page_as_text(make_app, iris):
    client = make_app(iris, mlflow_pages='https://x/"><script>').test_client()

    assert '"><script>' not in client.get("/").text


def test_unchanged_model_is_not_sent_again(client, make_app, iris):
    tag = client.get("/model").headers["ETag"]
    other_worker = make_app(iris).test_client()

    answer = other_worker.get("/model", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.data) == (304, b"")


def test_another_model_is_sent(client, make_app, load, build_iris):
    tag = client.get("/model").headers["ETag"]
    other = make_app(load(build_iris(C=0.1), "4")).test_client()

    answer = other.get("/model", headers={"If-None-Match": tag})

    assert answer.json["version"] == "4"
