"""What passes between comparing, deciding and releasing."""

from dataclasses import dataclass
from enum import StrEnum

import onnx

from iris_kedro.contract import Contract


class Verdict(StrEnum):
    """What the gate says of a challenger."""

    FIRST_RELEASE = "first release"
    BETTER = "better"
    NOT_WORSE = "not worse"
    WORSE = "worse"
    UNFIT = "unfit"
    UNCHANGED = "unchanged"

    @property
    def promotes(self) -> bool:
        """Whether the challenger becomes Production."""
        return self in {Verdict.FIRST_RELEASE, Verdict.BETTER, Verdict.NOT_WORSE}


@dataclass(frozen=True)
class ReleasedModel:
    """A registered version with its model."""

    version: str
    model: onnx.ModelProto

    @property
    def contract(self) -> Contract:
        """The contract inside the model."""
        return Contract.read(self.model)


@dataclass(frozen=True)
class RegistryState:
    """What is registered when a run compares.

    ``fingerprints`` maps the fingerprint of each fully released version to it.
    """

    production: ReleasedModel | None
    fingerprints: dict[str, str]


@dataclass(frozen=True)
class Performance:
    """A model on the rows of the comparison."""

    accuracy: float
    recalls: dict[str, float]
    latency_ms: float


@dataclass(frozen=True)
class Comparison:
    """Challenger and Production on held-out rows.

    ``rows`` are the challenger's, ``shared_rows`` those of them that Production was
    not trained on either. On these, ``difference`` is the challenger's accuracy less
    Production's, ``interval`` its bootstrap interval; they are None when there is
    nothing to compare with, which ``obstacle`` explains if there is a Production
    model. ``twin`` is the version that came from the same data, code and parameters.
    """

    rows: int
    challenger: Performance
    shared_rows: int | None = None
    production: Performance | None = None
    production_version: str | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    obstacle: str | None = None
    twin: str | None = None


@dataclass(frozen=True)
class Decision:
    """The verdict and why."""

    verdict: Verdict
    reasons: list[str]


@dataclass(frozen=True)
class Release:
    """A judged challenger on its way to the registry.

    ``report`` is the gate report in Markdown, the version's description; ``card`` is
    the model card, without which nothing is released.
    """

    model: onnx.ModelProto
    decision: Decision
    compared_with: str | None
    fingerprint: str
    report: str
    card: str

    @property
    def contract(self) -> Contract:
        """The contract inside the model."""
        return Contract.read(self.model)
