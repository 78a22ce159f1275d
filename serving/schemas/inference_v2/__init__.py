"""Messages of the Open Inference Protocol v2."""
