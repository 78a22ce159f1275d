"""The gate: compares a challenger with released versions, and judges it."""
