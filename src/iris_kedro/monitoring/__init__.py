"""Evaluates the predictions and labels of a service, in pure functions."""
