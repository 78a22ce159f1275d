"""Exports a trained candidate as an ONNX model with its contract."""

from .challenger import describe_challenger
from .conversion import export_onnx

__all__ = ["describe_challenger", "export_onnx"]
