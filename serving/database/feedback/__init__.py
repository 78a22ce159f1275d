"""Feedback in the database."""
