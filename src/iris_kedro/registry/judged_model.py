"""A model with the gate's verdict: the input of a release."""

from dataclasses import dataclass

FINGERPRINT = "fingerprint"
VERDICT, REASONS, PROMOTES = "verdict", "reasons", "promotes"
# The run that judged the version last; not its own run if a later one trained the
# same model.
JUDGED_IN = "judged_in"
DESCRIPTION_LENGTH = 5000  # the limit of MLflow's databases


@dataclass(frozen=True)
class Source:
    """Where MLflow stores the files of a model."""

    uri: str
    model_id: str | None = None  # a server rejects a models:/ source without it


@dataclass(frozen=True)
class JudgedModel:
    """A judged model that has no version or role yet.

    Attributes:
        fingerprint: Equal for equal models.
        run_id: The run that trained it.
        promotes: Whether it becomes Production, or the canary.
        compared_with: The version that was Production when it was judged.
        judgement: Tags about how it was judged.
        tags: Tags about the model itself.
        description: Description of the version, in Markdown.
        canary_share: The share of the requests that it answers at first; None if it
            becomes Production immediately.
    """

    fingerprint: str
    run_id: str
    promotes: bool
    compared_with: str | None
    judgement: dict[str, str]
    tags: dict[str, str]
    description: str = ""
    canary_share: float | None = None

    def describe(self) -> str:
        """Return the description, cut to MLflow's limit at the end of a line."""
        if len(self.description) <= DESCRIPTION_LENGTH:
            return self.description
        rest = f"\n\nThe rest is in gate_report.md of run {self.run_id}."
        kept = self.description[: DESCRIPTION_LENGTH - len(rest)]
        return kept.rpartition("\n")[0] + rest

    def describe_judgement(self) -> dict[str, str]:
        """Return all tags that a later judgement of the same model replaces."""
        return {**self.judgement, PROMOTES: str(self.promotes), JUDGED_IN: self.run_id}
