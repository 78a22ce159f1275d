"""From a finished release to what people read of it."""

from kedro.pipeline import Node, Pipeline

from .card import build_card, render_card, render_card_page
from .card_figures import draw_card
from .comparison import plot_candidates
from .contributions import explain_rows, summarize_contributions
from .gate_report import render_report

NAMESPACE = "reporting"
CARD = f"{NAMESPACE}.card"
CONTRIBUTIONS = f"{NAMESPACE}.contributions"
SUMMARY = f"{NAMESPACE}.contribution_summary"


def create_pipeline() -> Pipeline:
    """Create the reporting pipeline, a namespace of its own in kedro-viz."""
    return Pipeline(
        [
            Node(
                build_card,
                inputs={
                    "challenger": "challenger@onnx",
                    "test_data": "test_data",
                    "leaderboard": "leaderboard",
                    "report": "gate_report",
                    "origins": "origins",
                    "dataset": "params:dataset",
                    "card": "params:card",
                    "gate": "params:model_release.gate",
                    "released": "released_model",
                    "contributions": CONTRIBUTIONS,
                    "contribution_summary": SUMMARY,
                },
                outputs=CARD,
                name="build_card",
                namespace=NAMESPACE,
            ),
            Node(
                explain_rows,
                inputs={
                    "challenger": "challenger@onnx",
                    "test_data": "test_data",
                    "released": "released_model",
                },
                outputs=CONTRIBUTIONS,
                name="explain_rows",
                namespace=NAMESPACE,
            ),
            Node(
                summarize_contributions,
                inputs={"contributions": CONTRIBUTIONS},
                outputs=SUMMARY,
                name="summarize_contributions",
                namespace=NAMESPACE,
            ),
            Node(
                draw_card,
                inputs={"card": CARD},
                outputs=f"{NAMESPACE}.model_card_figures",
                name="draw_card",
                namespace=NAMESPACE,
            ),
            Node(
                render_card,
                inputs={"card": CARD},
                outputs=f"{NAMESPACE}.model_card",
                name="render_card",
                namespace=NAMESPACE,
            ),
            Node(
                render_card_page,
                inputs={
                    "card": CARD,
                    "text": f"{NAMESPACE}.model_card",
                    "figures": f"{NAMESPACE}.model_card_figures",
                },
                outputs=f"{NAMESPACE}.model_card_page",
                name="render_card_page",
                namespace=NAMESPACE,
            ),
            Node(
                render_report,
                inputs={"card": CARD},
                outputs=f"{NAMESPACE}.gate_report_page",
                name="render_report",
                namespace=NAMESPACE,
            ),
            Node(
                plot_candidates,
                inputs={"card": CARD},
                outputs=f"{NAMESPACE}.candidate_comparison",
                name="plot_candidates",
                namespace=NAMESPACE,
            ),
        ],
        tags=NAMESPACE,
    )
