"""A model: its contract, ONNX session, features and store."""
