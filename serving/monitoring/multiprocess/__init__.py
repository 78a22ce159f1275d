"""Metrics that gunicorn's workers share through files."""
