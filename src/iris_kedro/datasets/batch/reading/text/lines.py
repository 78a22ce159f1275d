"""Splits text into ranges of whole rows without parsing the values."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError

BLOCK = 256 << 10  # bytes that are scanned at once; small enough for the CPU cache
MOST_BYTES = 64 << 20  # of a part, even if it then has few rows
LONGEST_LINE = 256 << 20
NEWLINE, RETURN, QUOTE = b'\n\r"'
INSIDE, OUTSIDE = True, False


class Range(NamedTuple):
    """A byte range of a file with whole rows.

    Attributes:
        start: The first byte.
        stop: The byte after the last one.
        rows: Number of rows; blank lines are not rows.
    """

    start: int
    stop: int
    rows: int


class IrregularError(Exception):
    """Quotes or line ends are used in an unusual way."""


def read_lines(stream: Any, size: int = BLOCK) -> Iterator[bytes]:
    """Read a stream in blocks of whole lines; the last one may lack its line end.

    Raises:
        ProjectError: If a line is too long.
    """
    rest = b""
    while block := stream.read(size):
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        else:
            rest += block
        if len(rest) > LONGEST_LINE:
            raise ProjectError(f"a line is longer than {LONGEST_LINE >> 20} MB")
    if rest:
        yield rest


def count_rows(lines: bytes) -> int:
    """Count the lines that are not blank."""
    return int(np.count_nonzero(RowEnds().find_ends(lines))) if lines else 0


@dataclass
class RowEnds:
    """Finds the ends of rows in consecutive blocks of lines.

    Attributes:
        separators: The bytes before a quote that opens a value; None if quotes have no
            meaning.
        is_open: Whether a quote is open at the end of the last block.
    """

    separators: bytes | None = None
    is_open: bool = OUTSIDE

    def find_ends(self, lines: bytes) -> NDArray[np.bool_]:
        """Return which bytes end a row that is not a blank line.

        Raises:
            IrregularError: If a quote or a carriage return is in an unusual place.
        """
        codes = np.frombuffer(lines, np.uint8)
        ends: NDArray[np.bool_] = codes == NEWLINE
        is_quoted = self.separators is not None and (self.is_open or b'"' in lines)
        inside = self._find_quoted(codes) if is_quoted else None
        if inside is not None:
            ends &= ~inside
        blank = ends.copy()
        blank[1:] &= ends[:-1]
        if b"\r" in lines:
            returns = codes == RETURN
            if self.separators is not None:
                _check_returns(codes, returns, inside)
            returns[1:] &= ends[:-1]  # the first character of its line
            blank[1:] |= returns[:-1] & ends[1:]
        ends &= ~blank
        if lines[-1] != NEWLINE:  # the last line of the file
            is_blank = lines == b"\r" or lines.endswith(b"\n\r")
            ends[-1] = not (self.is_open or is_blank)
        return ends

    def _find_quoted(self, codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
        separators = self.separators or b""
        quotes = codes == QUOTE
        inside = _find_odd(quotes)
        if self.is_open:
            np.logical_not(inside, out=inside)
        odd_place = quotes & inside  # a quote that opens a value
        for usual in {NEWLINE, RETURN, QUOTE, *separators}:
            odd_place[1:] &= codes[:-1] != usual
        if odd_place[1:].any():
            raise IrregularError("a quote within a value")
        self.is_open = bool(inside[-1])
        return inside


def cut_lines(
    stream: Any, start: int, part_rows: int, separators: bytes | None = None
) -> Iterator[Range]:
    """Split a stream into ranges of ``part_rows`` rows, or fewer if they are long.

    Args:
        stream: The text, starting with the first row.
        start: The byte of the file where the stream starts.
        part_rows: Number of rows in a range.
        separators: The bytes before a quote that opens a value; None if quotes have no
            meaning.

    Raises:
        IrregularError: If the text must be parsed to find the ends of rows.
        ProjectError: If a line is too long, or a quote is never closed.
    """
    row_ends = RowEnds(separators)
    open_range = _OpenRange(start)
    before = 0
    for lines in read_lines(stream):
        offset = open_range.stop
        ends = row_ends.find_ends(lines)
        found = int(np.count_nonzero(ends))
        open_range.stop += len(lines)
        is_long = open_range.stop - open_range.start >= MOST_BYTES and found > 0
        if open_range.rows + found < part_rows and not is_long:
            open_range.rows += found
            continue
        positions = np.flatnonzero(ends)
        first = part_rows - open_range.rows
        lasts = list(range(first - 1, found, part_rows))
        if is_long and (not lasts or lasts[-1] < found - 1):
            lasts.append(found - 1)
        done = -open_range.rows
        for last in lasts:
            stop = offset + int(positions[last]) + 1
            yield Range(open_range.start, stop, last + 1 - done)
            before += last + 1 - done
            open_range.start, done = stop, last + 1
        open_range.rows = found - done
    if row_ends.is_open:
        raise ProjectError(
            f"the quote that opens in row {before + open_range.rows + 1} is never"
            " closed"
        )
    if open_range.rows:
        yield Range(open_range.start, open_range.stop, open_range.rows)


@dataclass
class _OpenRange:
    start: int
    stop: int = field(init=False)
    rows: int = 0

    def __post_init__(self) -> None:
        self.stop = self.start


def _check_returns(
    codes: NDArray[np.uint8],
    returns: NDArray[np.bool_],
    inside: NDArray[np.bool_] | None,
) -> None:
    alone = returns.copy()
    alone[:-1] &= codes[1:] != NEWLINE
    if inside is not None:
        alone &= ~inside
    if alone.any():
        raise IrregularError("a carriage return without a line feed")


def _find_odd(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where the number of marks so far is odd.

    Equivalent to ``np.logical_xor.accumulate``, but with 64 marks at a time.
    """
    bits = np.packbits(marks, bitorder="little")
    words = np.zeros(-(-len(bits) // 8), np.dtype("<u8"))
    words.view(np.uint8)[: len(bits)] = bits
    for shift in (1, 2, 4, 8, 16, 32):
        words ^= words << np.uint64(shift)
    odd = np.logical_xor.accumulate(words >> np.uint64(63) == 1)
    words[1:][odd[:-1]] ^= np.uint64(2**64 - 1)
    unpacked = np.unpackbits(words.view(np.uint8), count=len(marks), bitorder="little")
    return unpacked.view(np.bool_)
