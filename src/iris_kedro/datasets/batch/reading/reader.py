"""Reads a part, in any process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from iris_kedro.datasets.batch.reading import parquet
from iris_kedro.datasets.batch.reading.text import csv_rows, json_lines
from iris_kedro.datasets.batch.reading.text.header import Layout
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Batch, Part


@dataclass(frozen=True)
class Reader:
    """Reads parts; can be pickled, because files are opened only to read a part."""

    columns: tuple[str, ...]
    layout: Layout

    def __call__(self, part: Part) -> Iterator[Batch]:
        """Read a part in batches, with memory that does not depend on its size.

        Raises:
            ProjectError: If it cannot be read, or has changed.
        """
        found = 0
        for batch in self._read(part):
            found += batch.rows.num_rows + len(batch.unreadable)
            yield batch
        if found != part.rows:
            raise ProjectError(
                f"{part.path!r} has changed while it was read: {part.rows} rows"
                f" starting at row {part.first_row} have become {found}. Run again when"
                " nothing writes to it"
            )

    def select(self, columns: Sequence[str]) -> "Reader":
        """Return a reader of some of the columns."""
        return replace(self, columns=tuple(columns))

    def _read(self, part: Part) -> Iterator[Batch]:
        if part.format == "parquet":
            return parquet.read(part, self.columns)
        if part.format == "jsonl":
            return json_lines.read(part, self.columns)
        return csv_rows.read(part, self.columns, self.layout)
