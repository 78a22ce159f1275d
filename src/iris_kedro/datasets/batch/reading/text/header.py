"""The layout of CSV: separator, encoding and header."""

import codecs
import csv
import io
from dataclasses import dataclass

from iris_kedro.datasets.batch.reading.text.streams import open_text
from iris_kedro.errors import ProjectError

HEADER = 1 << 20  # maximum bytes of the header
# In these, a byte that looks like a line end or a quote may be part of a character.
STATEFUL = ("utf-16", "utf-32", "utf-7", "iso2022", "hz")


@dataclass(frozen=True)
class Layout:
    """The layout of CSV."""

    separator: str = ","
    encoding: str = "utf-8"

    @property
    def last_byte(self) -> bytes:
        """The last byte of the separator."""
        return self.separator.encode(self.encoding)[-1:]

    @property
    def is_divisible(self) -> bool:
        """Whether line ends can be found without decoding the text."""
        return not codecs.lookup(self.encoding).name.startswith(STATEFUL)


def make_layout(separator: str = ",", encoding: str = "utf-8") -> Layout:
    """Return a valid layout.

    Raises:
        ProjectError: If the separator or the encoding is invalid.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise ProjectError(
            "sep in dataset.load_args, the separator of CSV, must be one character,"
            f" not {separator!r}"
        )
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
        separator.encode(name)
    except (LookupError, UnicodeError) as error:
        raise ProjectError(
            f"the encoding {encoding!r} does not exist or has no {separator!r}: set"
            " encoding in dataset.load_args, for example to utf-8, cp1252 or utf-16"
        ) from error
    return Layout(separator, name)


def read_header(path: str, layout: Layout) -> tuple[list[str], int]:
    """Return the names in the header, and the byte where the first row starts.

    Raises:
        ProjectError: If there is no header, or the encoding is wrong.
    """
    with open_text(path) as stream:
        head = stream.read(HEADER)
    mark = codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) else b""
    try:
        # Invalid text only matters here if it is in the header.
        decoder = codecs.getincrementaldecoder(layout.encoding)("surrogateescape")
        text = _take_header(decoder.decode(head[len(mark) :]))
        text.encode()
        size = len(text.encode(layout.encoding))
    except UnicodeError as error:
        raise ProjectError(describe_encoding(path, layout)) from error
    rows = csv.reader(io.StringIO(text.lstrip("\r\n")), delimiter=layout.separator)
    names = next(rows, [])
    if not names:
        raise ProjectError(f"{path!r} has no header: it is empty")
    return names, len(mark) + size


def _take_header(text: str) -> str:
    """Return the header with its line end and preceding blank lines."""
    taken = ""
    for line in io.StringIO(text, newline=""):
        taken += line
        if line.strip("\r\n") and taken.count('"') % 2 == 0:
            break
    return taken


def describe_encoding(path: str, layout: Layout) -> str:
    """Say that a file is not in the encoding of the layout."""
    return (
        f"{path!r} is not text in the encoding {layout.encoding!r}: convert it, or set"
        " encoding in dataset.load_args and batch_inference.layout=source"
    )
