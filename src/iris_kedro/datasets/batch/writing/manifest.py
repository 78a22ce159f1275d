"""The manifest of a folder of scores: the job, and which parts are finished."""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kedro.io import DatasetError

from iris_kedro.datasets.batch.writing.target import (
    OWN,
    PARTS,
    PREFIX,
    UNFINISHED,
    Target,
)
from iris_kedro.scoring.counts import Counts

logger = logging.getLogger(__name__)

MANIFEST = "_manifest.json"  # readers of data ignore names with an underscore
IDENTITY, PARTS_TOTAL, IS_FINISHED = "identity", "parts", "finished"
SUFFIXES = ("parquet", "csv", "jsonl")
THREADS = 16  # that read files: they mostly wait for an object store


def read_identity(target: Target) -> Mapping[str, Any] | None:
    """Return the identity of the finished job, if it is finished."""
    manifest = target.read_json(MANIFEST) or {}
    identity: Mapping[str, Any] | None = manifest.get(IDENTITY)
    return identity if manifest.get(IS_FINISHED) else None


def write_manifest(
    target: Target, identity: Mapping[str, Any], parts: int, *, is_finished: bool
) -> None:
    """Write the identity of the job, and whether it is finished."""
    target.write_json(
        MANIFEST, {IDENTITY: identity, PARTS_TOTAL: parts, IS_FINISHED: is_finished}
    )


def prepare(target: Target, identity: Mapping[str, Any]) -> None:
    """Delete scores of another job.

    Raises:
        DatasetError: If the folder contains other files.
    """
    manifest = target.read_json(MANIFEST)
    if manifest is None:
        others = [name for name in target.list() if not name.startswith(UNFINISHED)]
        if others:
            raise DatasetError(
                f"{target.location} contains other files, such as {min(others)}: set"
                " batch_inference.target to an empty or new folder"
            )
        return
    changed = _compare(manifest[IDENTITY], identity)
    if changed:
        logger.info("Scoring all rows again: %s", "; ".join(changed))
        _clear(target)


def find_finished(target: Target) -> dict[int, Counts]:
    """Return the counts of the parts whose files are complete, by number."""
    sizes = target.list()
    names = [name for name in target.list(PARTS) if not name.startswith(UNFINISHED)]
    with ThreadPoolExecutor(THREADS) as pool:
        read = list(pool.map(target.read_json, (f"{PARTS}/{each}" for each in names)))
    found = {}
    for name, values in zip(names, read, strict=True):
        stem = name.rpartition(".")[0]
        if any(sizes.get(f"{stem}.{each}") == values["bytes"] for each in SUFFIXES):
            counts = Counts.from_json(values["counts"])
            found[int(stem.removeprefix(PREFIX))] = counts
    return found


def _clear(target: Target) -> None:
    """Delete our own files, first those that mark parts as finished."""
    for folder in (*OWN, ""):
        for name in target.list(folder):
            if name.startswith((PREFIX, UNFINISHED)):
                target.delete(folder, name)


def _compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe what has changed."""
    return [
        f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
