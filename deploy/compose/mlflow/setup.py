"""Upgrade MLflow's tables and set its users; run before the server starts.

The server's configuration is in MLFLOW_AUTH_CONFIG_PATH.
"""

import os

from mlflow import db
from mlflow.server.auth.config import read_auth_config
from mlflow.server.auth.permissions import MANAGE
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

# Their passwords are in variables. Training can change everything in the server, also
# what others have created.
ADMIN, TRAINING, SERVING = "admin", "training", "serving"
TYPES_OF_TRAINING = ("experiment", "registered_model")


def main() -> None:
    """Upgrade the tables, then set the users."""
    uri = read_auth_config().database_uri
    # `mlflow db upgrade` in this process. The tables of runs and models come first: it
    # requires either these or an empty database.
    db.upgrade.main([uri], standalone_mode=False)
    store = SqlAlchemyStore()
    store.init_db(uri)  # creates or upgrades the tables of users
    for name in (ADMIN, TRAINING, SERVING):
        set_user(store, name, os.environ[f"MLFLOW_{name.upper()}_PASSWORD"])
    set_permissions(store)


def set_user(store: SqlAlchemyStore, name: str, password: str) -> None:
    """Create a user, or set its password."""
    if not store.has_user(name):
        store.create_user(name, password, is_admin=name == ADMIN)
        print(f"Created MLflow's user {name}.")
    elif not store.authenticate_user(name, password):
        store.update_user(name, password=password)
        print(f"Changed the password of MLflow's user {name}.")


def set_permissions(store: SqlAlchemyStore) -> None:
    """Allow training to change everything."""
    granted = {
        (permission.resource_type, permission.resource_pattern)
        for role in store.list_user_roles(store.get_user(TRAINING).id)
        for permission in role.permissions
    }
    for kind in TYPES_OF_TRAINING:
        if (kind, "*") not in granted:
            store.grant_user_resource_permission(TRAINING, kind, "*", MANAGE.name)


if __name__ == "__main__":
    main()
