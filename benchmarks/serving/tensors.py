"""Binary tensors of the Open Inference Protocol, through Triton's own client."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tritonclient.http as triton

HEADER_LENGTH = "Inference-Header-Content-Length"
OUTPUTS = ("label", "probabilities")


def encode_request(rows: list[list[float]]) -> tuple[bytes, dict[str, str]]:
    """Encode rows as an FP32 tensor, and request binary outputs.

    Returns:
        The body and the headers.
    """
    features = triton.InferInput("features", [len(rows), len(rows[0])], "FP32")
    features.set_data_from_numpy(np.array(rows, dtype=np.float32), binary_data=True)
    body, length = triton.InferenceServerClient.generate_request_body(
        [features],
        outputs=[
            triton.InferRequestedOutput(name, binary_data=True) for name in OUTPUTS
        ],
    )
    return body, {
        "Content-Type": "application/octet-stream",
        HEADER_LENGTH: str(length),
    }


def decode_response(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Decode labels and probabilities, as in our JSON responses."""
    result = triton.InferenceServerClient.parse_response_body(
        body, header_length=int(headers[HEADER_LENGTH])
    )
    return {
        "predictions": [label.decode() for label in result.as_numpy("label")],
        "probabilities": result.as_numpy("probabilities"),
    }
