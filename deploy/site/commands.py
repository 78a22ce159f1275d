"""The reference of the commands, as click describes them."""

import inspect
from collections.abc import Iterator

import click

from iris_kedro.cli import cli


def render() -> str:
    """Return a section for each command of the project, groups first."""
    return "\n\n".join(_describe(cli, click.Context(cli, info_name="kedro"), level=1))


def _describe(
    command: click.Command, context: click.Context, level: int
) -> Iterator[str]:
    if level > 1:  # the page has its own title
        yield f"{'#' * level} {context.command_path}"
        yield inspect.cleandoc(command.help or "")
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"```text\n{context.command_path} {usage}\n```"
        yield from _list_options(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.commands[name]
            yield from _describe(
                inner, click.Context(inner, context, info_name=name), level + 1
            )


def _list_options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [each.get_help_record(context) for each in command.get_params(context)]
    rows = [
        f"| `{_escape(names)}` | {_escape(text)} |"
        for names, text in filter(None, records)
        if text and "--help" not in names
    ]
    if rows:
        yield "\n".join(["| option | meaning |", "| --- | --- |", *rows])


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
