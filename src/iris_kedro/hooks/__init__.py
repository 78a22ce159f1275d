"""What happens around a run: checks, tracking in MLflow, and the result at its end."""
