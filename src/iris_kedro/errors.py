"""User-fixable errors, as opposed to bugs."""


class ProjectError(Exception):
    """Says what was found, where, and what to do; shown without a traceback."""


class NothingToDo(Exception):  # noqa: N818  (it is none)
    """Ends a run that would only repeat what is there; shown as a message."""
