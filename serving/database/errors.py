"""Why the database cannot be used; imports nothing, as there may be none."""


class DatabaseOffError(Exception):
    """The settings name no database."""


class DatabaseUnavailableError(Exception):
    """The database does not answer, or is locked by somebody else."""
