"""The shadow: a second model that predicts beside the current one, to be compared."""

from serving.monitoring.shadow.shadow import Shadow

__all__ = ["Shadow"]
