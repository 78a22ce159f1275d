"""Parameters of canaries and guards."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from iris_kedro.specification.base import Count, Parameters, Share

Strategy = Literal["direct", "canary"]
Hours = Annotated[float, Field(ge=0)]


class Guard(Parameters):
    """The guard of a promoted version, which may roll it back.

    Attributes:
        hours: Hours for which a promoted version is compared with Previous.
    """

    hours: Annotated[float, Field(gt=0)]


class Canary(Parameters):
    """Rules for raising the share of a canary, promoting it or stopping it.

    Attributes:
        shares: Rising shares of the requests that a canary answers; it can be promoted
            at the last one.
        minimum_rows: Number of rows that both models must predict before a share is
            raised.
        minimum_hours: Minimum hours at a share before it is raised.
        alpha: Maximum probability of stopping an equal version; evidence is sufficient
            when its e-value reaches 1 / alpha.
        worse_by: Minimum loss of accuracy to stop or roll back a version, besides the
            evidence.
        non_inferiority_margin: Loss of accuracy that is accepted: a canary is promoted
            once its loss is shown to be smaller.
        minimum_agreement: Minimum share of the rows for which both models predict the
            same class.
        maximum_class_shift: Maximum share of the predictions that shift to other
            classes.
        maximum_confidence_loss: Maximum loss of mean confidence.
        latency_budget_ms: Latency budget of a request, in milliseconds.
        maximum_slower: Maximum increase of the share of requests that exceed the
            latency budget.
        undecided_after: Hours without a decision after which ``undecided`` applies.
        undecided: What happens to a canary after ``undecided_after`` hours without a
            decision. ``promote`` promotes it only if it has its last share,
            ``minimum_rows`` and ``minimum_hours`` are reached, and there is no warning;
            otherwise it is stopped.
        guard: How a promoted version is guarded.
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
