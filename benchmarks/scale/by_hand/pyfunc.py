"""Scores Parquet with mlflow.pyfunc: pyfunc.py MODEL ROWS TARGET FLAVOR."""

import json
import sys
from pathlib import Path

import mlflow
import numpy as np
import pyarrow.parquet as pq

CHUNK = 262_144
model, rows, target, flavor = sys.argv[1:]
about = json.loads(Path(model, "about.json").read_text())
columns, classes = about["columns"], about["classes"]
loaded = mlflow.pyfunc.load_model(str(Path(model, flavor)))

for number, batch in enumerate(pq.ParquetFile(rows).iter_batches(CHUNK)):
    table = batch.to_pandas()
    if flavor == "onnx":  # whose signature is a matrix
        answer = loaded.predict(table[columns].to_numpy(np.float32))
        table["prediction"] = answer["label"]
        for place, name in enumerate(classes):
            table[f"probability_{name}"] = answer["probabilities"][:, place]
    else:  # predicts classes only
        table["prediction"] = loaded.predict(table[columns])
    table.to_parquet(Path(target, f"part-{number:05}.parquet"), index=False)
