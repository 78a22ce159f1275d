"""The shadow: a second model that is compared with the current one."""

from serving.monitoring.shadow.shadow import Shadow

__all__ = ["Shadow"]
