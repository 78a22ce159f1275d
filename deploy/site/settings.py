"""The table of the service's settings, from the class that reads them."""

from dataclasses import fields

from serving.config import Config, variable_name


def render() -> str:
    """Return a row for each setting: variable, default, meaning."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for setting in fields(Config):
        default = "" if setting.default is None else f"`{setting.default}`"
        name, meaning = variable_name(setting.name), setting.metadata["help"]
        rows.append(f"| `{name}` | {default} | {meaning} |")
    return "\n".join(rows)
