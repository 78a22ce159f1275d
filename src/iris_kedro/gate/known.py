"""What the registry knows of a training before it is judged."""

import hashlib
from typing import Any

from iris_kedro.gate.release import RegistryState
from iris_kedro.specification import Gate


def digest_judgement(gate: Gate, production: str | None) -> str:
    """Digest what a verdict depends on, besides the challenger itself."""
    return hashlib.sha256(f"{gate}\n{production}".encode()).hexdigest()


def recall_versions(
    fingerprint: str, registry: RegistryState, gate: Gate
) -> dict[str, Any]:
    """Return what the registry knows of Production and of the same training."""
    production = registry.production.version if registry.production else None
    existing = registry.fingerprints.get(fingerprint)
    judgement = registry.judgements.get(existing) if existing else None
    return {
        "production_version": production,
        "existing_version": existing,
        "was_promoted": existing in registry.promoted,
        "was_judged": judgement == digest_judgement(gate, production),
    }
