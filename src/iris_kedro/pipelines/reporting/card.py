"""Nodes that write the model card.

Its sections are those of Mitchell et al., Model Cards for Model Reporting, 2019.
"""

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import onnx
import pandas as pd
from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from sklearn.metrics import confusion_matrix

from iris_kedro.gate.release import RegistryState
from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.model.contract import Contract
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer
from iris_kedro.rendering import create_environment
from iris_kedro.specification import Card, Dataset, Gate

from .contributions import MOST_SHOWN
from .measures import (
    SHOWN_VALUES,
    measure_baseline,
    measure_calibration,
    measure_classes,
    measure_costs,
    measure_halves,
    measure_loss,
    measure_values,
    share,
)

FIGURES = "model_card"  # the folder of the figures beside the card
METRICS = {
    "log_loss": "the mean of -ln of the probability given to the right class: it judges"
    " probabilities, and lower is better",
    "accuracy": "the share of right answers: it counts all mistakes alike",
    "balanced_accuracy": "the mean of the classes' recalls: rare classes count as much"
    " as frequent ones",
    "roc_auc": "the chance that a row of a class gets a higher probability of it than a"
    " row of another class",
    "average_precision": "the precision averaged over all thresholds of the"
    " probability: it looks at how pure the highest ones are",
    "f1": "the harmonic mean of precision and recall",
}


def build_card(  # noqa: PLR0913, PLR0917  (a node has an argument for each dataset)
    challenger: onnx.ModelProto,
    test_data: pd.DataFrame,
    leaderboard: dict[str, Any],
    report: dict[str, Any],
    origins: dict[str, Any],
    dataset: Dataset,
    card: Card,
    gate: Gate,
    released: RegistryState,
    contributions: pd.DataFrame,
    contribution_summary: dict[str, Any],
) -> dict[str, Any]:
    """Gather everything that is shown of the run; the model is judged as it will serve.

    It waits for the release, as do all that render it: nothing that goes wrong here
    can stop a release.
    """
    contract = Contract.read(challenger)
    scores = OnnxScorer(challenger).score(arrange(test_data, contract.inputs))
    y = test_data[dataset.target.name].to_numpy(str)
    correct = scores.labels == y
    return {
        "text": card.model_dump(),
        "model": _describe_model(challenger, contract),
        "source": origins["source"],
        "labelled": origins["labelled"],
        "drops_duplicates": dataset.rows.duplicates == "drop",
        "version": _find_version(report, released),
        "report": report,
        "leaderboard": leaderboard,
        "confidence": gate.confidence,
        "rows": len(y),
        "counts": {name: int((y == name).sum()) for name in contract.target.classes},
        "accuracy": share(correct, gate),
        "log_loss": measure_loss(scores, y, contract, gate),
        "baseline": measure_baseline(challenger, test_data, dataset, gate),
        "classes": measure_classes(scores.labels, y, contract, gate),
        "halves": measure_halves(correct, test_data, contract, gate),
        "values": measure_values(correct, test_data, contract, gate),
        "calibration": measure_calibration(scores, correct, contract, gate),
        "costs": measure_costs(scores.labels, y, contract, gate),
        "confusion": confusion_matrix(
            y, scores.labels, labels=contract.target.classes
        ).tolist(),
        "contributions": contribution_summary,
        "explained": contributions,
    }


def render_card(card: dict[str, Any]) -> str:
    """Render the card as Markdown."""
    template = _templates().get_template("model_card.md.jinja")
    return template.render(card=card, figures=FIGURES, most=MOST_SHOWN)


def render_card_page(
    card: dict[str, Any], text: str, figures: dict[str, Callable[[], str]]
) -> str:
    """Render the card as one HTML page that holds its figures."""
    markdown = MarkdownIt("js-default")
    for name, rule in _RULES.items():
        markdown.add_render_rule(name, rule)
    body = markdown.render(text, {"figures": figures})
    template = _templates().get_template("model_card.html.jinja")
    # Markdown's text was escaped by the renderer.
    return template.render(card=card, body=Markup(body))  # noqa: S704


def _render_image(
    self: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[index]
    folder, _, file = str(token.attrs["src"]).rpartition("/")
    name = file.removesuffix(".svg")
    if folder != FIGURES or name not in env["figures"]:
        return self.image(tokens, index, options, env)
    label = f'<svg role="img" aria-label="{escape(token.content)}" '
    svg: str = env["figures"][name]()
    return svg.replace("<svg ", label, 1)


def _open_table(*_: Any) -> str:
    # So that a wide table scrolls by itself where the screen is narrow.
    return '<div class="table" role="region" aria-label="Table" tabindex="0"><table>'


def _close_table(*_: Any) -> str:
    return "</table></div>"


_RULES = {
    "image": _render_image,
    "table_open": _open_table,
    "table_close": _close_table,
}


def _templates() -> Environment:
    return create_environment(
        estimate=_show,
        explain_metric=METRICS.__getitem__,
        name_counts=_name_counts,
        shorten=_shorten,
    )


def _shorten(values: list[Any]) -> str:
    rest = (
        f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
    )
    return ", ".join(map(str, values[:SHOWN_VALUES])) + rest


def _name_counts(feature: dict[str, Any]) -> list[str]:
    values = feature.get("categories", ["false", "true"])
    counts = feature["training"]["counts"]
    return [f"{count} {value}" for value, count in zip(values, counts, strict=True)]


def _show(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _find_version(report: dict[str, Any], released: RegistryState) -> str | None:
    outcome = released.outcomes.get(report["run_id"])
    if outcome is not None:
        return outcome.version
    return released.fingerprints.get(report["fingerprint"])


def _describe_model(model: onnx.ModelProto, contract: Contract) -> dict[str, Any]:
    described = contract.model_dump(exclude={"golden_rows", "background_rows"})
    return {
        **described,
        "golden_rows": len(contract.golden_rows.inputs),
        "tolerance": contract.golden_rows.tolerance,
        "bytes": model.ByteSize(),
        "digest": hashlib.sha256(model.SerializeToString()).hexdigest(),
        "producer": f"{model.producer_name} {model.producer_version}",
    }
