"""Proposes the specification of a table, for ``kedro dataset init``."""

from .columns import Guess
from .profile import Profile, profile_table
from .reading import read_table
from .writing import write_gate, write_specification

__all__ = [
    "Guess",
    "Profile",
    "profile_table",
    "read_table",
    "write_gate",
    "write_specification",
]
