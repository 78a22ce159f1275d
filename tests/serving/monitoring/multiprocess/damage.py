"""Contents of damaged metrics files."""

import pytest

DAMAGED = [
    pytest.param(b"\x01", id="cut"),
    pytest.param(b"\xff\xff\x00\x00" + b"\x07" * 5000, id="lengths"),
    pytest.param(b"\x40\x00\x00\x00" + b"\x00" * 5000, id="zeros"),
    pytest.param((b"\x40" + b"\0" * 7 + b"\x04\0\0\0" + b"\xff" * 4) * 9, id="text"),
]
