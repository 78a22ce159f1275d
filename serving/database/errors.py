"""Errors of the database, in a module that is importable without SQLAlchemy."""


class DatabaseOffError(Exception):
    """No database is configured."""


class DatabaseUnavailableError(Exception):
    """The database does not respond, or is locked."""
