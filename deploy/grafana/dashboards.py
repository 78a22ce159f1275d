"""Writes Grafana's dashboards from dashboards.yml, checked by Grafana's own types."""

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)

HERE = Path(__file__).parent
ALERTS = HERE.parent / "prometheus" / "rules" / "alerts.yml"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24
# Metrics, including recorded ones, and the start of an existing selector.
METRIC = re.compile(
    r"(?<![\w:])(up|(?:\w+:)?(?:flask|serving|watcher|monitoring)_\w+(?::\w+)?)(?![\w:])(\{)?"
)
BOUND = re.compile(r"[<>]=? ([\d.]+(?: \* [\d.]+)?)")


def build_all() -> dict[str, str]:
    """Return the JSON of each dashboard by file name."""
    content = yaml.safe_load((HERE / "dashboards.yml").read_text(encoding="utf-8"))
    return {
        f"{name}.json": _build(name, page, content["annotation"])
        for name, page in content["dashboards"].items()
    }


def _build(name: str, content: dict[str, Any], annotation: dict[str, Any]) -> str:
    page = dashboard.Dashboard(content["title"]).uid(f"iris-{name}").tags(["iris"])
    page.description(content["text"]).readonly().timezone("browser")
    page.time("now-6h", "now").refresh("30s").tooltip(DashboardCursorSync.CROSSHAIR)
    source = dashboard.DatasourceVariable("datasource").label("Source")
    page.with_variable(source.type("prometheus"))
    page.with_variable(_build_namespaces())
    page.annotation(_build_annotation(annotation))
    link = dashboard.DashboardLink("Iris").type(DashboardLinkType.DASHBOARDS)
    page.link(link.tags(["iris"]).keep_time(True))
    for row in content["rows"]:
        page.with_row(dashboard.Row(row["title"]))
        for panel in row["panels"]:
            build = next(BUILDERS[kind] for kind in BUILDERS if kind in panel)
            page.with_panel(build(panel, len(row["panels"])))
    document = json.loads(JSONEncoder().encode(page.build()))
    # Otherwise Grafana numbers the panels itself, differently at each start.
    for number, panel in enumerate(document["panels"], 1):
        panel["id"] = number
    # The SDK's types lack the fields of Prometheus annotations.
    special = {"step": "1m", "titleFormat": annotation["title"], "tagKeys": "version"}
    document["annotations"]["list"][0] |= special
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _build_annotation(annotation: dict[str, Any]) -> dashboard.AnnotationQuery:
    query = dashboard.AnnotationQuery().name(annotation["name"]).datasource(SOURCE)
    return query.enable(True).icon_color("blue").expr(_select(annotation["query"]))


def _build_namespaces() -> dashboard.QueryVariable:
    """Build the choice of a namespace; outside Kubernetes there is only "All"."""
    every = VariableOption(selected=True, text="All", value="$__all")
    variable = dashboard.QueryVariable("namespace").label("Namespace")
    variable.datasource(SOURCE).query('label_values(up{job="iris-serving"}, namespace)')
    variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).current(every)
    return variable.include_all(True).all_value(".*")


def _select(expression: str) -> str:
    """Limit an expression to the chosen namespace."""

    def add_namespace(found: re.Match[str]) -> str:
        rest = ", " if found[2] else "}"
        return f'{found[1]}{{namespace=~"$namespace"{rest}'

    return METRIC.sub(add_namespace, expression)


def _find_threshold(step: float | str | None) -> float | None:
    """Return a number, or the threshold of the alert whose name replaces it."""
    if not isinstance(step, str):
        return step
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    [bound, *_] = [rule["expr"] for rule in rules if rule["alert"] == step]
    found = BOUND.search(bound)
    if found is None:
        raise ValueError(f"{ALERTS}: {step} compares with no number: {bound}")
    return math.prod(map(float, found[1].split(" * ")))


def _build_number(content: dict[str, Any], neighbours: int) -> stat.Panel:
    panel = stat.Panel().title(content["number"]).datasource(SOURCE).no_value("–")
    panel.description(content.get("text", "")).unit(content.get("unit", "short"))
    panel.span(COLUMNS // neighbours).height(4)
    panel.thresholds(_build_thresholds(content.get("steps", {"green": None})))
    query = prometheus.Dataquery().ref_id("A").datasource(SOURCE).instant()
    if "legend" in content:
        panel.text_mode(BigValueTextMode.NAME)
        query.legend_format(content["legend"])
    return panel.with_target(query.expr(_select(content["query"])))


def _build_graph(content: dict[str, Any], _: int) -> Timeseries:
    panel = Timeseries().title(content["graph"]).datasource(SOURCE)
    panel.description(content.get("text", "")).unit(content.get("unit", "short"))
    panel.span(COLUMNS // 2).height(8).fill_opacity(8).legend(_build_legend())
    panel.min(content.get("minimum", 0))
    if "maximum" in content:
        panel.max(content["maximum"])
    if content.get("stacked"):
        panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
        panel.fill_opacity(40)
    if "limit" in content:
        style = common.GraphThresholdsStyleConfig()
        panel.thresholds_style(style.mode(GraphThresholdsStyleMode.DASHED))
        steps = {"transparent": None, "red": content["limit"]}
        panel.thresholds(_build_thresholds(steps))
    for letter, (legend, expression) in zip(
        "ABCDEFGH", content["queries"].items(), strict=False
    ):
        query = prometheus.Dataquery().ref_id(letter).range().datasource(SOURCE)
        panel.with_target(query.expr(_select(expression)).legend_format(legend))
    return panel


def _build_matrix(content: dict[str, Any], _: int) -> table.Panel:
    panel = table.Panel().title(content["matrix"]).datasource(SOURCE)
    panel.description(content.get("text", "")).unit("short").decimals(0)
    panel.span(COLUMNS // 2).height(8)
    query = prometheus.Dataquery().ref_id("A").datasource(SOURCE).instant()
    panel.with_target(query.format("table").expr(_select(content["query"])))
    fields = {"rowField": content["rows"], "columnField": content["columns"]}
    options = {"valueField": "Value"} | fields
    grouping = DataTransformerConfig(id_val="groupingToMatrix", options=options)
    return panel.with_transformation(grouping)


def _build_legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    return legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _build_thresholds(
    steps: dict[str, float | str | None],
) -> dashboard.ThresholdsConfig:
    config = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return config.steps(
        [
            Threshold(value=_find_threshold(step), color=color)
            for color, step in steps.items()
        ]
    )


BUILDERS = {"number": _build_number, "graph": _build_graph, "matrix": _build_matrix}

if __name__ == "__main__":
    folder = HERE / "dashboards"
    folder.mkdir(exist_ok=True)
    for file, text in build_all().items():
        (folder / file).write_text(text, encoding="utf-8")
