"""``kedro dataset init`` describes a table."""

import pytest

INIT = ("dataset", "init", "passengers.csv", "--target", "survived")


def test_init_describes_a_table_and_says_how_to_go_on(own):
    result = own.invoke(*INIT)

    assert result.exit_code == 0, result.output
    assert "kedro run --env passengers" in result.output
    specification = own.read_specification()
    assert specification.source == "passengers.csv"
    assert specification.target.classes == ["0", "1"]


def test_init_shows_headers_with_brackets(own):
    file = own.path / "passengers.csv"
    file.write_text(file.read_text().replace("Fare $", "Fare [dollar]"))

    result = own.invoke(*INIT)

    assert "Fare [dollar]" in result.output


def test_init_describes_a_file_with_other_marks_and_no_gaps_in_numbers(own):
    rows = "".join(f"{n},5;{'a' if n % 3 else 'b'}\n" for n in range(60))
    (own.path / "marks.csv").write_text(f"Druck [bar];Klasse\n{rows}")

    result = own.invoke("dataset", "init", "marks.csv", "--target", "klasse")

    assert result.exit_code == 0, result.output
    assert own.read_specification("marks").load_args == {"sep": ";", "decimal": ","}


def test_init_overwrites_files_only_with_force(own):
    own.invoke(*INIT)
    file = own.path / "conf/passengers/globals.yml"
    file.write_text("mine")

    refused = own.invoke(*INIT)
    kept = file.read_text()
    forced = own.invoke(*INIT, "--force")

    assert refused.exit_code == 1
    assert "conf/passengers/globals.yml already exists; --force" in refused.output
    assert kept == "mine"
    assert forced.exit_code == 0
    assert own.read_specification().name == "passengers"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.csv", "--target", "x"), "cannot read the source 'no.csv'"),
        (("passengers.csv", "--target", "x"), "there is no column 'x'; there are"),
        (("select 1", "--target", "x"), "set a name with --name"),
        (("passengers.csv", "--target", "Fare $"), "regression is not supported"),
        (("passengers.csv", "--target", "sex", "--name", "base"), "set a name with"),
        (("passengers.csv", "--target", "sex", "--name", "My Table"), "lower case"),
    ],
)
def test_init_explains_errors(own, arguments, message):
    result = own.invoke("dataset", "init", *arguments)

    assert result.exit_code == 1
    assert message in result.output
    assert not (own.path / "conf/My Table").exists()


@pytest.mark.slow
def test_init_writes_nothing_that_no_run_would_accept(own):
    lines = [f"{number},{'ab'[number % 2]}" for number in range(60)]
    (own.path / "passengers.csv").write_text("\n".join(["id,survived", *lines]))

    result = own.invoke(*INIT)

    assert result.exit_code == 1
    assert "no column of the table can be a feature ('id': 60 distinct" in result.output
    assert not (own.path / "conf/passengers").exists()
