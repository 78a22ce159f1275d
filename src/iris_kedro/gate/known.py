"""Finds what the registry knows about a training run before it is judged."""

import hashlib
from typing import Any

from iris_kedro.gate.release import RegistryState
from iris_kedro.specification import Gate


def digest_judgement(gate: Gate, production: str | None) -> str:
    """Digest everything that a verdict depends on, except the challenger."""
    return hashlib.sha256(f"{gate}\n{production}".encode()).hexdigest()


def recall_versions(
    fingerprint: str, registry: RegistryState, gate: Gate
) -> dict[str, Any]:
    """Return what the registry knows about Production and about the same training."""
    production = registry.production.version if registry.production else None
    existing = registry.fingerprints.get(fingerprint)
    judgement = registry.judgements.get(existing) if existing else None
    return {
        "production_version": production,
        "existing_version": existing,
        "was_promoted": existing in registry.promoted,
        "was_judged": judgement == digest_judgement(gate, production),
    }
