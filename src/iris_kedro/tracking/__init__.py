"""How runs appear in MLflow: names, parameters, descriptions."""
