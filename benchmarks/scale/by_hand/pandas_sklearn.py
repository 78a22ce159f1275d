"""Scores Parquet with pandas and scikit-learn: pandas_sklearn.py MODEL ROWS TARGET.

It checks ranges and keeps rejects, like batch scoring.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import skops.io

CHUNK = 262_144
model, rows, target = sys.argv[1:]
about = json.loads(Path(model, "about.json").read_text())
columns, classes = about["columns"], np.array(about["classes"])
low, high = np.array(about["limits"]).T
lowest_seen, highest_seen = np.array(about["seen"]).T
file = Path(model, "sklearn", "model.skops")
estimator = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))

for number, batch in enumerate(pq.ParquetFile(rows).iter_batches(CHUNK)):
    table = batch.to_pandas()
    values = table[columns].to_numpy()
    valid = ((values >= low) & (values <= high)).all(axis=1)
    if not valid.all():
        table[~valid].to_parquet(Path(target, f"rejects-{number:05}.parquet"))
        table, values = table[valid], values[valid]
    probabilities = estimator.predict_proba(values)
    table["prediction"] = classes[probabilities.argmax(axis=1)]
    for place, name in enumerate(classes):
        table[f"probability_{name}"] = probabilities[:, place].astype(np.float32)
    outside = (values < lowest_seen) | (values > highest_seen)
    table["out_of_range"] = outside.any(axis=1)
    table.to_parquet(Path(target, f"part-{number:05}.parquet"), index=False)
