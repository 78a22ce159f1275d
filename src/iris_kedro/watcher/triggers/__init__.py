"""Checks for triggers, one module for each kind."""
