"""Predicted rows in the database."""
