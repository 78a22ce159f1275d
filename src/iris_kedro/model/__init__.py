"""Models: candidates, provenance, contracts, inputs and predictions."""
