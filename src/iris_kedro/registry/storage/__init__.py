"""What the registry keeps in MLflow: the model, its history, and who may change it."""
