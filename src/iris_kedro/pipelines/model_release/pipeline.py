"""From the challenger to the registry, through the gate."""

from kedro.pipeline import Node, Pipeline

from .card import build_card, render_card, render_card_page
from .card_figures import draw_card
from .nodes import compare, decide, release
from .report import build_report, render_report


def create_pipeline() -> Pipeline:
    """Create the model release pipeline."""
    return Pipeline(
        [
            Node(
                compare,
                inputs={
                    "challenger": "challenger",
                    "registry": "registry",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                    "gate": "params:model_release.gate",
                },
                outputs="comparison",
                name="compare",
            ),
            Node(
                decide,
                inputs={
                    "comparison": "comparison",
                    "gate": "params:model_release.gate",
                },
                outputs="decision",
                name="decide",
            ),
            Node(
                build_report,
                inputs={
                    "comparison": "comparison",
                    "decision": "decision",
                    "challenger": "challenger",
                    "lineage": "lineage",
                    "gate": "params:model_release.gate",
                },
                outputs="gate_report",
                name="build_report",
            ),
            Node(
                render_report,
                inputs={"report": "gate_report"},
                outputs="gate_report_page",
                name="render_report",
            ),
            Node(
                build_card,
                inputs={
                    "challenger": "challenger",
                    "test_data": "test_data",
                    "leaderboard": "leaderboard",
                    "report": "gate_report",
                    "source": "params:data_engineering.source",
                    "dataset": "params:dataset",
                    "card": "params:card",
                    "gate": "params:model_release.gate",
                },
                outputs="card",
                name="build_card",
            ),
            Node(
                draw_card,
                inputs={"card": "card"},
                outputs="model_card_figures",
                name="draw_card",
            ),
            Node(
                render_card,
                inputs={"card": "card"},
                outputs="model_card",
                name="render_card",
            ),
            Node(
                render_card_page,
                inputs={
                    "card": "card",
                    "text": "model_card",
                    "figures": "model_card_figures",
                },
                outputs="model_card_page",
                name="render_card_page",
            ),
            Node(
                release,
                inputs={
                    "challenger": "challenger",
                    "comparison": "comparison",
                    "decision": "decision",
                    "lineage": "lineage",
                    "report": "gate_report_page",
                    "card": "model_card_page",
                    "gate": "params:model_release.gate",
                },
                outputs="released_model",
                name="release",
            ),
        ],
        tags="model_release",
    )
