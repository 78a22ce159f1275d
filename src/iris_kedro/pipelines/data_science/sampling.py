"""Samples rows for the search, if there are many."""

import logging

import numpy as np
import pandas as pd

from iris_kedro.specification import Dataset, Training

logger = logging.getLogger(__name__)


def draw_sample(
    rows: pd.DataFrame, dataset: Dataset, training: Training
) -> pd.DataFrame:
    """Return a sample of ``training.search_rows`` rows, or all if there are fewer.

    It is stratified by class, with at least one row of each class for each fold. The
    order of the rows is kept.
    """
    if training.search_rows is None or len(rows) <= training.search_rows:
        return rows
    generator = np.random.default_rng(training.random_state)
    share = training.search_rows / len(rows)
    labels, chosen = rows[dataset.target.name].to_numpy(str), []
    for name in dataset.target.classes:
        places = np.flatnonzero(labels == name)
        count = max(round(share * len(places)), min(training.folds, len(places)))
        chosen.append(generator.choice(places, count, replace=False))
    sample = rows.iloc[np.sort(np.concatenate(chosen))]
    logger.info("Searching on %s of %s rows", f"{len(sample):,}", f"{len(rows):,}")
    return sample
