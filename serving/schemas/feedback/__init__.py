"""Feedback: which class turned out to be right for a predicted row."""

from serving.schemas.feedback.reading import (
    Feedback,
    FeedbackReader,
    FeedbackRequest,
)

__all__ = ["Feedback", "FeedbackReader", "FeedbackRequest"]
