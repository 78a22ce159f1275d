"""The gate: compares a challenger with what was released before, and judges it."""
