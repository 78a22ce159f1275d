"""The served model: contract, ONNX, store, reloading."""
