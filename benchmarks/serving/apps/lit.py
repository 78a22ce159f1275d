"""A LitServe API with the scikit-learn model, as in its documentation."""

import os
import sys
from typing import Any

import litserve
import numpy as np
import skops.io

FILE = os.environ["MODEL_FOLDER"] + "/sklearn/model.skops"


class Iris(litserve.LitAPI):
    """Predicts Iris species."""

    def setup(self, _: str) -> None:
        """Load the model."""
        trusted = skops.io.get_untrusted_types(file=FILE)
        self.model = skops.io.load(FILE, trusted=trusted)

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Read rows."""
        return np.array(request["rows"])

    def predict(self, rows: np.ndarray) -> list[str]:
        """Predict rows."""
        return self.model.predict(rows).tolist()

    def encode_response(self, labels: list[str]) -> dict[str, Any]:
        """Return the labels."""
        return {"predictions": labels}


if __name__ == "__main__":
    server = litserve.LitServer(Iris(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
