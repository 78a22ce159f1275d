"""The cluster that a run is connected to, for work outside of joblib."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Client

_client: "Client | None" = None


def set_client(client: "Client | None") -> None:
    """Set the connection of this process, or clear it with None."""
    global _client  # noqa: PLW0603  (a process has one run at a time)
    _client = client


def get_client() -> "Client | None":
    """Return the connection of this process, if its run uses a cluster."""
    return _client
