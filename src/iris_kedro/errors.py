"""User-fixable errors, as opposed to bugs."""


class ProjectError(Exception):
    """Says what was found, where, and what to do; shown without a traceback."""


class NothingToDo(Exception):  # noqa: N818  (not an error)
    """Ends a run that would only repeat an earlier one; shown as a message."""
