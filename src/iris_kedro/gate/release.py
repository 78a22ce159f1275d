"""Data that is passed between the gate and the registry."""

from dataclasses import dataclass, field
from enum import StrEnum

import onnx

from iris_kedro.model.contract import Contract
from iris_kedro.model.provenance import Lineage
from iris_kedro.style import words


class Verdict(StrEnum):
    """The gate's verdict on a challenger."""

    FIRST_RELEASE = "first release"
    BETTER = "better"
    NOT_WORSE = "not worse"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    UNFIT = "unfit"
    UNCHANGED = "unchanged"


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
class Outcome:
    """The result of a release.

    Attributes:
        version: Its version.
        note: Why it is not Production, if the verdict does not say why.
        needs_reason: Whether it was refused, so that a promotion needs a reason.
        canary_share: The share of the requests that it answers, if it is the canary.
    """

    version: str
    note: str = ""
    needs_reason: bool = False
    canary_share: float | None = None


@dataclass(frozen=True)
class RegistryState:
    """The registry when a run compares.

    Attributes:
        production: The version in Production, if any.
        fingerprints: The newest version of each fingerprint.
        predecessors: The best of the versions that were in Production before.
        promoted: All versions that were ever in Production.
        judgements: The ``Release.judgement`` of each version that has one.
        known_data: Digests of the data that versions up to Production came from.
        outcomes: The outcome of each run that has released a model.
    """

    production: ReleasedModel | None
    fingerprints: dict[str, str]
    predecessors: tuple[ReleasedModel, ...] = ()
    promoted: frozenset[str] = frozenset()
    judgements: dict[str, str] = field(default_factory=dict)
    known_data: frozenset[str] = frozenset()
    outcomes: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """The verdict, its reasons, and whether the challenger becomes Production.

    A verdict is final if the same models on the same rows would get it again: it is
    not final if, for example, only a busy machine was too slow.
    """

    verdict: Verdict
    reasons: list[str]
    promotes: bool
    is_final: bool = True


@dataclass(frozen=True)
class Release:
    """A judged challenger, to be registered.

    Attributes:
        model: The challenger.
        decision: What the gate decided.
        lineage: What it was trained from, and by which run.
        compared_with: The Production version at that time.
        fingerprint: Digest of everything that the training depended on.
        judgement: Digest of everything that a final refusal depended on: a challenger
            with the same digest is not judged again. Empty if it should be.
        canary_share: The share of the requests that it answers at first; None if it
            becomes Production immediately.
    """

    model: onnx.ModelProto
    decision: Decision
    lineage: Lineage
    compared_with: str | None
    fingerprint: str
    judgement: str = ""
    canary_share: float | None = None

    @property
    def contract(self) -> Contract:
        """The contract inside the model."""
        return Contract.read(self.model)

    @property
    def description(self) -> str:
        """Candidate, verdict and reasons, in Markdown."""
        candidate = words(self.contract.candidate)
        reasons = [f"- {reason}" for reason in self.decision.reasons]
        return "\n".join([f"# {self.decision.verdict}: {candidate}", "", *reasons, ""])
