"""Reads one part, scores it, and writes its files."""

import hashlib
from dataclasses import dataclass

import pyarrow as pa

from iris_kedro.datasets.batch.writing.encoding import encode
from iris_kedro.datasets.batch.writing.recording import Recorder
from iris_kedro.datasets.batch.writing.target import PARTS, REJECTS, Target
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Format, Part, Read
from iris_kedro.scoring.scorer import InvalidRowsError, Scorer

DIGITS = 5  # of a part's number in the names of its files
SHOWN = 10  # issues in a message


@dataclass(frozen=True)
class ScorePart:
    """Scores parts; can be sent to other processes."""

    read: Read
    scorer: Scorer
    target: Target
    format: Format
    recorder: Recorder | None = None

    def __call__(self, part: Part) -> Counts:
        """Write the files of a part; the last one marks it as finished.

        Raises:
            ProjectError: If a row is invalid and that is not allowed, or the part
                cannot be read or written.
        """
        scores, rejects, counts, first = [], [], [], 0
        for batch in self.read(part):
            try:
                scored = self.scorer(batch, part.number, first)
            except InvalidRowsError as error:
                raise ProjectError(_explain(part, error)) from error
            scores.append(scored.scores)
            counts.append(scored.counts)
            if self.recorder is not None:
                self.recorder.store(part.number, first, scored)
            first += scored.scores.num_rows
            if len(scored.rejects):
                rejects.append(_name_file(scored.rejects, part.path))
        content = encode(scores, self.format)
        name = name_file(part.number, self.format)
        self.target.write(name, content)
        if rejects:
            self.target.write(f"{REJECTS}/{name}", encode(rejects, self.format))
        total = Counts.add_up(counts)
        self.target.write_json(
            f"{PARTS}/{name_file(part.number, 'json')}",
            {
                "file": part.path,
                "first_row": part.first_row,
                "bytes": content.size,
                "sha256": hashlib.sha256(content).hexdigest(),
                "counts": total.to_json(),
            },
        )
        return total


def name_file(number: int, suffix: str) -> str:
    """Return the name of a part's file."""
    return f"part-{number:0{DIGITS}d}.{suffix}"


def _name_file(rejects: pa.RecordBatch, path: str) -> pa.RecordBatch:
    """Return rejects with the path of their file in the first column."""
    files = pa.array([path] * len(rejects), pa.string())
    schema = pa.schema([("file", pa.string()), *rejects.schema])
    return pa.RecordBatch.from_arrays([files, *rejects.columns], schema=schema)


def _explain(part: Part, error: InvalidRowsError) -> str:
    rows = {each.row for each in error.issues}
    lines = [
        f"  row {each.row}, {each.column}: {each.reason}"
        for each in error.issues[:SHOWN]
    ]
    if len(error.issues) > SHOWN:
        lines.append(f"  and {len(error.issues) - SHOWN} more")
    return "\n".join(
        [
            f"{part.path} has {len(rows)} invalid rows from row {part.first_row} on,"
            " and batch_inference.on_invalid is fail:",
            *lines,
            "Correct them, or write them to a file of rejects with"
            " --params batch_inference.on_invalid=reject",
        ]
    )
