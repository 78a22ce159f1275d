"""The follower: syncs the model store from the MLflow registry."""
