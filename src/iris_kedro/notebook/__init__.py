"""What the notebooks show, with the logic here, where it is tested."""

from .sandbox import open_sandbox, set_candidates

__all__ = ["open_sandbox", "set_candidates"]
