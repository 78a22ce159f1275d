"""The registry's data in MLflow: the model, its history and a lock."""
