"""Errors that a user can mend, as opposed to faults of the program."""


class ProjectError(Exception):
    """Says what was found, where, and what to do; shown without a traceback."""
