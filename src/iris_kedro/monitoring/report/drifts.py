"""Describes drift in reports."""

from typing import Any

from iris_kedro.monitoring.bins import MISSING, UNKNOWN
from iris_kedro.monitoring.drift import Drift
from iris_kedro.monitoring.explaining import describe_change


def describe_drift(drift: Drift) -> dict[str, Any]:
    """Return evidence, effect and bins of a drift, as in docs/how-to/monitor.md."""
    total, recent = sum(drift.bins.reference), int(drift.recent.sum())
    bins = [
        {
            "name": name,
            "reference": before / total if total else None,
            "recent": int(now) / recent if recent else None,
        }
        for name, before, now in zip(
            drift.bins.names, drift.bins.reference, drift.recent, strict=True
        )
    ]
    special = {
        name: {key: bins[place][key] for key in ("reference", "recent")}
        for name in (MISSING, UNKNOWN)
        if (place := drift.bins.place(name)) is not None
    }
    return {
        "log_e": float(drift.log_e.max()) if len(drift.log_e) else 0.0,
        "effect": drift.effect,
        "effect_by_chance": drift.chance,
        "drifts": drift.matters,
        "change": None if drift.effect is None else describe_change(drift),
        **special,
        "reference_rows": total,
        "recent_rows": recent,
        "bins": bins,
    }
