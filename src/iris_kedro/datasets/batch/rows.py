"""Rows to score: files, or the result of a query."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from iris_kedro.datasets.batch.query import locate_database, stage
from iris_kedro.datasets.batch.reading import parquet
from iris_kedro.datasets.batch.reading.columns import Inspected, find_columns
from iris_kedro.datasets.batch.reading.listing import (
    FORMAT_HINT,
    FORMATS,
    File,
    find_base,
    find_files,
)
from iris_kedro.datasets.batch.reading.locations import follow_links, overlap, resolve
from iris_kedro.datasets.batch.reading.reader import Reader
from iris_kedro.datasets.batch.reading.text import csv_rows, json_lines
from iris_kedro.datasets.batch.reading.text.header import Layout, make_layout
from iris_kedro.datasets.raw.source import is_query
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Format, Part, Rows

PART_ROWS = 262_144
THREADS = 8  # that inspect files: they mostly wait for the store
NO_SOURCE = (
    "there are no rows to score: set the source and the target of the scores with"
    " kedro run --pipelines batch_inference --params"
    " batch_inference.source=rows/,batch_inference.target=scores/"
)


class RowsDataset(AbstractDataset[NoReturn, Rows]):
    """Rows of Parquet, CSV, JSON lines or a query, in parts that are read separately.

    Loading finds the files, checks that they have the same columns and splits them into
    parts, without reading values. Parquet is split by its footers, text by line ends.

    The result of a query (``SELECT …``) is first written to Parquet files, because a
    query may not return the same rows again. They are used until a run has scored them,
    so that a killed run continues with the same rows; that run calls ``query.discard``
    at the end.

    Args:
        source: A file, a folder, a pattern, ``s3://bucket/…``, or a query.
        format: The format of all files; None if their names show it.
        csv: ``separator`` and ``encoding`` of CSV; the comma and UTF-8 by default.
        part_rows: Number of rows in a part.
        path: Folder of relative paths; Kedro makes it absolute.
        staging: Folder for results of queries, below ``path``.
        credentials: SQLAlchemy URL of the database as ``con``, for a query.
        target: Where scores are written; it must not overlap with the source.
        metadata: For plugins.
    """

    def __init__(
        self,
        source: str | None,
        format: Format | None = None,
        csv: dict[str, str] | None = None,
        part_rows: int = PART_ROWS,
        path: str = ".",
        staging: str = "data/batch_inference",
        credentials: dict[str, Any] | None = None,
        target: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._source = source
        self._format = format
        self._csv = csv or {}
        self._part_rows = part_rows
        self._path = path
        self._staging = staging
        self._credentials = credentials or {}
        self._target = target
        self.metadata = metadata

    def load(self) -> Rows:
        """Find the rows.

        Raises:
            DatasetError: If there are no rows, or they cannot be read.
        """
        try:
            return self._find()
        except ProjectError as error:  # Kedro would add its own message
            raise DatasetError(str(error)) from error

    def save(self, data: NoReturn) -> None:
        """Refuse to write, because rows to score are only read."""
        raise DatasetError("rows to score cannot be written")

    def _describe(self) -> dict[str, Any]:
        return {"source": self._source, "format": self._format}

    def _find(self) -> Rows:
        if not self._source:
            raise ProjectError(NO_SOURCE)
        layout = self._make_layout()
        if not is_query(self._source):
            return self._find_rows(self._source, layout, self._format)
        address = locate_database(self._credentials.get("con"), self._path)
        folder = Path(self._path, self._staging)
        staged = stage(self._source, address, folder, self._part_rows)
        rows = self._find_rows(str(staged), layout, "parquet")
        return replace(rows, location=self._source, staged=str(staged))

    def _find_rows(self, source: str, layout: Layout, wanted: Format | None) -> Rows:
        location = resolve(source, self._path)
        self._check_target(location)
        files = find_files(location, wanted)
        inspected = self._inspect(files, layout)
        columns = find_columns(files, inspected)
        parts = _number_parts(files, inspected)
        if not parts:
            raise ProjectError(
                f"there are no rows to score: the {len(files)} file(s) of {source!r}"
                " have columns, but no rows"
            )
        reader = Reader(tuple(columns), layout)
        fingerprint = _take_fingerprint(files, layout, self._part_rows)
        return Rows(source, fingerprint, columns, parts, reader)

    def _make_layout(self) -> Layout:
        if self._format not in {None, *FORMATS.values()}:
            raise ProjectError(
                f"the format {self._format!r} does not exist: {FORMAT_HINT}"
            )
        if self._part_rows < 1:
            raise ProjectError(f"part_rows must be at least 1, not {self._part_rows}")
        return make_layout(**self._csv)

    def _check_target(self, source: str) -> None:
        if not self._target:
            return
        target = resolve(self._target, self._path)
        if overlap(follow_links(find_base(source)), follow_links(target)):
            raise ProjectError(
                f"the source {source!r} and the target {target!r} overlap. Set a target"
                " that neither contains the source nor is in the source's folder"
            )

    def _inspect(self, files: Sequence[File], layout: Layout) -> list[Inspected]:
        def inspect(file: File) -> Inspected:
            if file.format == "parquet":
                return parquet.inspect(file, self._part_rows)
            if file.format == "jsonl":
                return json_lines.inspect(file, self._part_rows)
            return csv_rows.inspect(file, self._part_rows, layout)

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(inspect, files))


def _number_parts(files: Sequence[File], inspected: Sequence[Inspected]) -> list[Part]:
    parts: list[Part] = []
    for file, (_, ranges) in zip(files, inspected, strict=True):
        row = 1
        for start, stop, rows in ranges:
            place = (file.path, file.format, start, stop)
            parts.append(Part(len(parts), *place, first_row=row, rows=rows))
            row += rows
    return parts


def _take_fingerprint(files: Sequence[File], layout: Layout, part_rows: int) -> str:
    """Return a digest of everything that determines the rows and their parts."""
    digest = hashlib.sha256()
    options = [layout.separator, layout.encoding, part_rows]
    for values in [
        options,
        *([each.path, each.size, each.changed, each.format] for each in files),
    ]:
        digest.update(json.dumps(values).encode() + b"\n")
    return digest.hexdigest()
