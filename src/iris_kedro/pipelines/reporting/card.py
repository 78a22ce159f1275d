"""Nodes that write the model card.

Its sections are those of Mitchell et al., Model Cards for Model Reporting, 2019.
"""

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import numpy as np
import onnx
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from iris_kedro.gate.intervals import Estimate, estimate_mean, estimate_share
from iris_kedro.gate.performance import answer_shares
from iris_kedro.gate.release import RegistryState
from iris_kedro.model.contract import Contract, NumberContract
from iris_kedro.model.inputs import arrange
from iris_kedro.model.scoring import OnnxScorer, Scores
from iris_kedro.specification import Card, Dataset, Gate

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
SHOWN_VALUES = 20  # of a category
MISSING = "(missing)"
CONFIDENCES = np.array([0.0, 0.6, 0.8, 0.9, 0.95, 1.0])


def build_card(
    challenger: onnx.ModelProto,
    test_data: pd.DataFrame,
    leaderboard: dict[str, Any],
    report: dict[str, Any],
    source: str,
    dataset: Dataset,
    card: Card,
    gate: Gate,
    released: RegistryState,
) -> dict[str, Any]:
    """Gather everything that is shown of the run; the model is judged as it will serve.

    It waits for the release, as do all that render it: nothing that goes wrong here
    can stop a release.
    """
    contract = Contract.read(challenger)
    scores = OnnxScorer(challenger).score(arrange(test_data, contract.inputs))
    y = test_data[dataset.target.name].to_numpy(str)
    hits = scores.labels == y
    return {
        "text": card.model_dump(),
        "model": _describe_model(challenger, contract),
        "source": source,
        "drops_duplicates": dataset.rows.duplicates == "drop",
        "version": _find_version(report, released),
        "report": report,
        "leaderboard": leaderboard,
        "confidence": gate.confidence,
        "rows": len(y),
        "counts": {name: int((y == name).sum()) for name in contract.target.classes},
        "accuracy": _share(hits, gate),
        "log_loss": _measure_loss(scores, y, contract, gate),
        "baseline": _measure_baseline(challenger, test_data, dataset, gate),
        "classes": _measure_classes(scores.labels, y, contract, gate),
        "halves": _measure_halves(hits, test_data, contract, gate),
        "values": _measure_values(hits, test_data, contract, gate),
        "calibration": _measure_calibration(scores, hits, gate),
        "confusion": confusion_matrix(
            y, scores.labels, labels=contract.target.classes
        ).tolist(),
    }


def render_card(card: dict[str, Any]) -> str:
    """Render the card as Markdown."""
    template = _templates().get_template("model_card.md.jinja")
    return template.render(card=card, figures=FIGURES)


def render_card_page(
    card: dict[str, Any], text: str, figures: dict[str, Callable[[], str]]
) -> str:
    """Render the card as one HTML page that holds its figures.

    Args:
        card: What ``build_card`` gathered.
        text: The card in Markdown.
        figures: Gives the SVG of each figure, as a partitioned dataset is loaded.
    """
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
    environment = Environment(
        loader=PackageLoader("iris_kedro"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["estimate"] = _show
    environment.filters["explain_metric"] = METRICS.__getitem__
    environment.filters["shorten"] = _shorten
    environment.filters["words"] = lambda name: name.replace("_", " ")
    return environment


def _shorten(values: list[Any]) -> str:
    rest = (
        f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
    )
    return ", ".join(map(str, values[:SHOWN_VALUES])) + rest


def _show(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


def _find_version(report: dict[str, Any], released: RegistryState) -> str | None:
    outcome = released.outcomes.get(report["run_id"])
    if outcome is not None:
        return outcome.version
    return released.fingerprints.get(report["fingerprint"])


def _describe_model(model: onnx.ModelProto, contract: Contract) -> dict[str, Any]:
    described = contract.model_dump(exclude={"golden_rows"})
    return {
        **described,
        "golden_rows": len(contract.golden_rows.inputs),
        "tolerance": contract.golden_rows.tolerance,
        "bytes": model.ByteSize(),
        "digest": hashlib.sha256(model.SerializeToString()).hexdigest(),
        "producer": f"{model.producer_name} {model.producer_version}",
    }


def _share(hits: NDArray[np.bool_], gate: Gate) -> Estimate | None:
    if not len(hits):
        return None
    return estimate_share(int(hits.sum()), len(hits), gate.confidence)


def _measure_loss(
    scores: Scores, y: NDArray[np.str_], contract: Contract, gate: Gate
) -> Estimate:
    columns = np.array([contract.target.classes.index(label) for label in y])
    given = scores.probabilities[np.arange(len(y)), columns].astype(float)
    losses = -np.log(np.clip(given, np.finfo(np.float32).eps, 1))
    return estimate_mean(losses, gate.confidence, gate.resamples, gate.random_state)


def _measure_baseline(
    challenger: onnx.ModelProto, test_data: pd.DataFrame, dataset: Dataset, gate: Gate
) -> dict[str, Any]:
    """Measure what knows nothing of a row: the shares of the classes in training."""
    answers = answer_shares(challenger, test_data, dataset.target)
    return {
        "label": str(answers.labels[0]),
        "accuracy": _share(answers.correct, gate),
        "log_loss": estimate_mean(
            answers.losses, gate.confidence, gate.resamples, gate.random_state
        ),
    }


def _measure_classes(
    labels: NDArray[np.str_], y: NDArray[np.str_], contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "rows": int((y == name).sum()),
            "recall": _share(labels[y == name] == name, gate),
            "precision": _share(y[labels == name] == name, gate),
        }
        for name in contract.target.classes
    ]


def _measure_halves(
    hits: NDArray[np.bool_], test_data: pd.DataFrame, contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    halves = []
    for feature in contract.features:
        if not isinstance(feature, NumberContract):
            continue
        median = feature.training.quantiles[len(feature.training.quantiles) // 2]
        values = test_data[feature.name].to_numpy(float)
        upper, lower = values > median, values <= median  # neither, if it is missing
        halves.append(
            {
                "name": feature.name,
                "unit": feature.unit,
                "median": median,
                "rows": [int(lower.sum()), int(upper.sum())],
                "lower": _share(hits[lower], gate),
                "upper": _share(hits[upper], gate),
            }
        )
    return halves


def _measure_values(
    hits: NDArray[np.bool_], test_data: pd.DataFrame, contract: Contract, gate: Gate
) -> list[dict[str, Any]]:
    """Measure the rows of each value of what is no number; of many, the frequent."""
    measured = []
    for feature in contract.features:
        if isinstance(feature, NumberContract):
            continue
        values = test_data[feature.name]
        if not feature.is_category:
            values = values.map({0.0: "false", 1.0: "true"})
        named = values.astype(object).where(values.notna(), MISSING)
        measured += [
            {
                "name": feature.name,
                "value": value,
                "rows": count,
                "accuracy": _share(hits[(named == value).to_numpy(bool)], gate),
            }
            for value, count in named.value_counts()[:SHOWN_VALUES].to_dict().items()
        ]
    return measured


def _measure_calibration(
    scores: Scores, hits: NDArray[np.bool_], gate: Gate
) -> list[dict[str, Any]]:
    confidences = scores.probabilities.max(axis=1).astype(float)
    bins = np.clip(np.digitize(confidences, CONFIDENCES), 1, len(CONFIDENCES) - 1)
    return [
        {
            "low": float(CONFIDENCES[number - 1]),
            "high": float(CONFIDENCES[number]),
            "rows": int((bins == number).sum()),
            "said": float(confidences[bins == number].mean()),
            "right": _share(hits[bins == number], gate),
        }
        for number in np.unique(bins)
    ]
