"""A BentoML service with the scikit-learn model, as in its documentation."""

import os

import bentoml
import numpy as np
import skops.io

FILE = os.environ["MODEL_FOLDER"] + "/sklearn/model.skops"


@bentoml.service(workers=1, traffic={"timeout": 60})
class Iris:
    """Predicts Iris species."""

    def __init__(self) -> None:
        trusted = skops.io.get_untrusted_types(file=FILE)
        self.model = skops.io.load(FILE, trusted=trusted)

    @bentoml.api
    def predict(self, rows: np.ndarray) -> list[str]:
        """Predict rows."""
        return self.model.predict(rows).tolist()
