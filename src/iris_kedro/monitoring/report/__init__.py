"""Parts of reports on predictions: drift in figures and charts."""
