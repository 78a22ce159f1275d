"""``kedro dataset``: describe your own table."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from iris_kedro.cli.errors import explain_errors

if TYPE_CHECKING:
    import pandas as pd

    from iris_kedro.profiling import Profile

NAME = r"[a-z][a-z0-9_-]*"
FILES = ("globals.yml", "parameters.yml")


@click.group()
def dataset() -> None:
    """Describe your own table."""


@dataset.command()
@click.argument("source")
@click.option("--target", required=True, help="Header of the column to predict.")
@click.option(
    "--name", default="", help="Name of the dataset; default: the file's name."
)
@click.option("--force", is_flag=True, help="Replace existing files.")
@explain_errors
def init(source: str, target: str, name: str, *, force: bool) -> None:
    """Propose a specification for SOURCE in conf/NAME, for you to review.

    SOURCE is a CSV, Parquet or JSON lines file, a URL, or an SQL query.
    """
    from iris_kedro.configuration import find_project
    from iris_kedro.datasets.raw.source import is_query
    from iris_kedro.profiling import profile_table, write_gate, write_specification
    from iris_kedro.tables.texts import standardize_name

    is_place = is_query(source) or bool(urlsplit(source).scheme)
    name = name or ("" if is_query(source) else standardize_name(Path(source).stem))
    project = find_project()
    folder = project / "conf" / name
    _check_folder(folder, name, force=force)
    data, load_args = _read(source, target)
    profile = profile_table(data, target)
    texts = (
        write_specification(
            profile, name, source if is_place else _relate(source, project), load_args
        ),
        write_gate(profile),
    )
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in zip(FILES, texts, strict=True):
        (folder / file).write_text(text, encoding="utf-8")
    _report(profile, name)


@dataset.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; by default the schema is printed.",
)
@explain_errors
def schema(output: Path | None) -> None:
    """Print the JSON schema of globals.yml and parameters*.yml.

    Editors use it to complete and check these files: their first line names
    conf/schema.json.
    """
    from iris_kedro.specification.schema import render_schema

    content = json.dumps(render_schema(), indent=2) + "\n"
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_text(content, encoding="utf-8")


def _check_folder(folder: Path, name: str, *, force: bool) -> None:
    from iris_kedro.errors import ProjectError

    if not name or name in {"base", "local", "production"}:
        raise ProjectError(f"conf/{name} has another purpose: set a name with --name")
    if not re.fullmatch(NAME, name):
        raise ProjectError(
            f"{name!r} is not a valid name for a dataset: it must be in lower case and"
            " start with a letter; digits, - and _ may follow. Set one with --name"
        )
    existing = [file for file in FILES if (folder / file).exists()]
    if existing and not force:
        raise ProjectError(
            f"conf/{name}/{existing[0]} already exists; --force replaces it"
        )


def _read(source: str, target: str) -> "tuple[pd.DataFrame, dict[str, Any]]":
    from iris_kedro.configuration import load_configuration
    from iris_kedro.datasets import SourceDataset
    from iris_kedro.profiling import read_table

    credentials = load_configuration()["credentials"].get("source")
    location = SourceDataset(
        source, "target", path=str(Path.cwd()), credentials=credentials
    )
    return read_table(location.load(), target)


def _relate(source: str, project: Path) -> str:
    path = Path(source).resolve()
    is_inside = path.is_relative_to(project)
    return str(path.relative_to(project)) if is_inside else str(path)


def _report(profile: "Profile", name: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("column", "feature", "type", "evidence")
    for guess in profile.guesses:
        feature = guess.feature
        kind = feature.get("type", "number") if feature else "[dim]left out"
        gap = " [dim]or missing" if feature and feature.get("nullable") else ""
        table.add_row(
            escape(guess.column),
            guess.name if feature else "",
            kind + gap,
            escape(guess.evidence),
        )
    console = Console()
    console.print(table)
    for warning in profile.warnings:
        console.print(f"[yellow]Note: {escape(warning)}", highlight=False)
    console.print(
        f"Wrote conf/{name}. Review {FILES[0]} and {FILES[1]}, then run"
        f"\n  kedro run --env {name}",
        highlight=False,
    )
