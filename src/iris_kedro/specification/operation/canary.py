"""Parameters of canaries and guards."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from iris_kedro.specification.base import Count, Parameters, Share

Strategy = Literal["direct", "canary"]
Hours = Annotated[float, Field(ge=0)]


class Guard(Parameters):
    """Parameters of the guard of a promoted version.

    Attributes:
        hours: How long the version is compared with Previous.
    """

    hours: Annotated[float, Field(gt=0)]


class Canary(Parameters):
    """Rules for raising the share of a canary, promoting it or stopping it.

    Attributes:
        shares: Of the requests, rising; promotion is possible at the last one.
        minimum_rows: Rows predicted by both models before a share is raised.
        minimum_hours: Hours before a share is raised.
        alpha: Maximum probability of stopping an equal version; evidence is sufficient
            when its e-value reaches 1 / alpha.
        worse_by: Minimum loss of accuracy to stop or roll back, besides the evidence.
        non_inferiority_margin: Promoted once accuracy is shown to lose less than this.
        minimum_agreement: Share of the rows with the same predicted class.
        maximum_class_shift: Share of the predictions that shift to other classes.
        maximum_confidence_loss: Of the mean confidence.
        latency_budget_ms: Milliseconds that a request should take.
        maximum_slower: Share of the requests that may exceed the budget in addition.
        undecided_after: Hours without a decision after which ``undecided`` applies.
        undecided: What happens then.
        guard: What happens after the promotion.
    """

    shares: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]
    minimum_rows: Count
    minimum_hours: Hours
    alpha: Share
    worse_by: Annotated[float, Field(ge=0, lt=1)]
    non_inferiority_margin: Share
    minimum_agreement: Annotated[float, Field(ge=0, le=1)]
    maximum_class_shift: Annotated[float, Field(ge=0, le=1)]
    maximum_confidence_loss: Annotated[float, Field(ge=0, le=1)]
    latency_budget_ms: Annotated[float, Field(gt=0)]
    maximum_slower: Annotated[float, Field(ge=0, le=1)]
    undecided_after: Annotated[float, Field(gt=0)]
    undecided: Literal["promote", "stop", "wait"]
    guard: Guard

    @model_validator(mode="after")
    def _check_shares(self) -> Self:
        if any(next_one <= share for share, next_one in pairwise(self.shares)):
            raise ValueError(f"shares must rise, but they are {self.shares}")
        return self

    def find_next_share(self, share: float) -> float | None:
        """Return the first share above this one; None after the last."""
        return next((each for each in self.shares if each > share), None)
