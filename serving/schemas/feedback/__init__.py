"""Feedback: the correct classes of predicted rows."""

from serving.schemas.feedback.reading import (
    Feedback,
    FeedbackReader,
    FeedbackRequest,
)

__all__ = ["Feedback", "FeedbackReader", "FeedbackRequest"]
