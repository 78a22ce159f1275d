"""The prediction log: one JSON line for each predicted row."""

import errno
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.model.contract import Contract
from serving.monitoring.observers import Observation

logger = logging.getLogger(__name__)

LINES_PER_WRITE = 1000
BLOCK_BYTES = 4096


class PredictionLog:
    """Appends to a file that all workers share, and rotates it by size.

    Each write holds a lock, so that workers neither mix their lines nor rotate twice,
    and opens the file again, so that nobody writes to a rotated one.

    Args:
        path: The file; a rotated one gets a number after its name.
        max_bytes: Size from which it is rotated.
        backups: Number of rotated files to keep.
        count_dropped: Called with the number of rows that could not be written.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        backups: int,
        count_dropped: Callable[[int], None],
    ) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.backups = backups
        self._count_dropped = count_dropped
        self._is_failing = False

    def write(self, observations: list[Observation]) -> None:
        """Append the rows of answered requests."""
        lines: list[bytes] = []
        for observation in observations:
            for line in format_rows(observation):
                lines.append(line)
                if len(lines) == LINES_PER_WRITE:
                    self._append(lines)
                    lines = []
        if lines:
            self._append(lines)

    def _append(self, lines: list[bytes]) -> None:
        try:
            self._append_locked(b"".join(lines))
        except OSError as error:
            self._count_dropped(len(lines))
            self._report(error)
        else:
            self._report(None)

    def _append_locked(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._lock_path, "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open(self.path, "a+b", buffering=0) as file:
                _remove_unfinished_line(file)
                is_full = file.seek(0, os.SEEK_END) >= self.max_bytes
            if is_full:
                self._rotate()
            with open(self.path, "ab", buffering=0) as file:
                _write_whole(file, content)

    def _report(self, error: OSError | None) -> None:
        """Log once that the file cannot be written, and once that it can again."""
        if (error is not None) == self._is_failing:
            return
        self._is_failing = error is not None
        if error is None:
            logger.warning("prediction log can be written again")
        else:
            fields = {"error": error.strerror}
            logger.error("prediction log cannot be written", extra={"fields": fields})

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def _rotate(self) -> None:
        """Shift log.1 to log.2 and so on, and the log to log.1."""
        if self.backups == 0:
            self.path.unlink()
            return
        for number in range(self.backups - 1, 0, -1):
            if self._backup(number).exists():
                os.replace(self._backup(number), self._backup(number + 1))
        os.replace(self.path, self._backup(1))

    def _backup(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def _remove_unfinished_line(file: FileIO) -> None:
    """Remove an unfinished line, left by a writer that was killed."""
    size = end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - BLOCK_BYTES)
        newline = os.pread(file.fileno(), end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        file.truncate(end)


def _write_whole(file: FileIO, content: bytes) -> None:
    """Write all or nothing.

    A disk that fills up accepts a part without an error, and the next line would be
    appended to half a line.

    Raises:
        OSError: If there is no space.
    """
    before = file.tell()
    if file.write(content) < len(content):
        file.truncate(before)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def format_rows(observation: Observation) -> Iterator[bytes]:
    """Yield each row of an observation as a line of JSON."""
    contract = observation.model.contract
    common = {
        "time": datetime.fromtimestamp(observation.time, UTC).isoformat(),
        "prediction_id": observation.prediction_id,
        "request_id": observation.request_id,
        "route": observation.route,
        "model": observation.model.version.name,
        "version": observation.model.version.version,
    }
    # orjson writes float32 as short as we would, several times faster.
    show = _name_numbers(contract) if contract.is_plain else contract.show_row
    answers = zip(
        observation.rows,
        observation.prediction.labels.tolist(),
        observation.prediction.probabilities,
        strict=True,
    )
    for number, (row, label, probabilities) in enumerate(answers):
        line = common | {
            "row": number,
            "inputs": show(row),
            "prediction": label,
            "probabilities": dict(zip(contract.classes, probabilities, strict=True)),
        }
        yield orjson.dumps(
            line, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
        )


def _name_numbers(
    contract: Contract,
) -> Callable[[NDArray[np.float32]], dict[str, Any]]:
    return lambda row: dict(zip(contract.feature_names, row, strict=True))
