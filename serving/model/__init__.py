"""The model that answers: contract, ONNX, store, reloading."""
