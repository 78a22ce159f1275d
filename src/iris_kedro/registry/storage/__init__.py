"""What the registry stores in MLflow: the model, its history and a lock."""
