"""Why the database cannot be used; imports nothing, as there may be none."""


class DatabaseOffError(Exception):
    """No database is configured."""


class DatabaseUnavailableError(Exception):
    """The database does not answer, or is locked."""
