"""The local model store: what the follower publishes and the workers read."""

from serving.model.store.report import FollowerReport
from serving.model.store.store import (
    CURRENT,
    MODEL_FILE,
    PARTNER,
    ROLES,
    SHADOW,
    Pointer,
    Signature,
    Store,
    folder_name,
)

__all__ = [
    "CURRENT",
    "MODEL_FILE",
    "PARTNER",
    "ROLES",
    "SHADOW",
    "FollowerReport",
    "Pointer",
    "Signature",
    "Store",
    "folder_name",
]
