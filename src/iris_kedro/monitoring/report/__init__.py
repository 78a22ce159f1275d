"""Parts of the reports on predictions: what drifts, in figures and charts."""
