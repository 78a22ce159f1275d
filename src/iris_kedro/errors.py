"""Errors that a user can mend, as opposed to faults of the program."""


class ProjectError(Exception):
    """Says what was found, where, and what to do; shown without a traceback."""


class NothingToDo(Exception):  # noqa: N818  (it is none)
    """Ends a run that would only repeat what is there; shown as a message."""
