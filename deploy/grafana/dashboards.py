"""Writes Grafana's dashboards from dashboards.yml; Grafana's own types check them."""

import json
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
)

HERE = Path(__file__).parent
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24


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
    return query.enable(True).icon_color("blue").expr(annotation["query"])


def _build_number(content: dict[str, Any], neighbours: int) -> stat.Panel:
    panel = stat.Panel().title(content["number"]).datasource(SOURCE).no_value("–")
    panel.description(content.get("text", "")).unit(content.get("unit", "short"))
    panel.span(COLUMNS // neighbours).height(4)
    panel.thresholds(_build_thresholds(content.get("steps", {"green": None})))
    query = prometheus.Dataquery().ref_id("A").datasource(SOURCE).instant()
    if "legend" in content:
        panel.text_mode(BigValueTextMode.NAME)
        query.legend_format(content["legend"])
    return panel.with_target(query.expr(content["query"]))


def _build_graph(content: dict[str, Any], _: int) -> Timeseries:
    panel = Timeseries().title(content["graph"]).datasource(SOURCE)
    panel.description(content.get("text", "")).unit(content.get("unit", "short"))
    panel.span(COLUMNS // 2).height(8).min(0).fill_opacity(8).legend(_build_legend())
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
        panel.with_target(query.expr(expression).legend_format(legend))
    return panel


def _build_matrix(content: dict[str, Any], _: int) -> table.Panel:
    panel = table.Panel().title(content["matrix"]).datasource(SOURCE)
    panel.description(content.get("text", "")).unit("short").decimals(0)
    panel.span(COLUMNS // 2).height(8)
    query = prometheus.Dataquery().ref_id("A").datasource(SOURCE).instant()
    panel.with_target(query.format("table").expr(content["query"]))
    fields = {"rowField": content["rows"], "columnField": content["columns"]}
    options = {"valueField": "Value"} | fields
    grouping = DataTransformerConfig(id_val="groupingToMatrix", options=options)
    return panel.with_transformation(grouping)


def _build_legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    return legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _build_thresholds(
    steps: dict[str, float | None],
) -> dashboard.ThresholdsConfig:
    config = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return config.steps([Threshold(value=v, color=color) for color, v in steps.items()])


BUILDERS = {"number": _build_number, "graph": _build_graph, "matrix": _build_matrix}

if __name__ == "__main__":
    folder = HERE / "dashboards"
    folder.mkdir(exist_ok=True)
    for file, text in build_all().items():
        (folder / file).write_text(text, encoding="utf-8")
