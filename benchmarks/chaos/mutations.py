"""Valid requests, and ways to damage them."""

from collections.abc import Callable
from random import Random

from benchmarks.chaos.wire import LIVE, ROW, write_chunked, write_post

TABLE = (
    b'{"columns":["sepal_length","sepal_width","petal_length","petal_width"],'
    b'"data":[[5.1,3.5,1.4,0.2]]}'
)
TENSOR = (
    b'{"inputs":[{"name":"features","shape":[1,4],"datatype":"FP32",'
    b'"data":[5.1,3.5,1.4,0.2]}]}'
)
SEEDS = (
    LIVE,
    LIVE.replace(b"/health/live", b"/metrics"),
    write_post("/predict", ROW),
    write_post("/predict/batch", TABLE, "Accept: text/csv"),
    write_post("/v2/models/iris/infer", TENSOR),
    write_post("/predict/batch", b"sepal_length\n5.1\n", content_type="text/csv"),
    write_post("/predict", ROW, "Expect: 100-continue", "X-Request-ID: a"),
    write_chunked(ROW) + b"0\r\n\r\n",
    LIVE + write_post("/predict", ROW) + LIVE,
)
TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\xff\xfe",
    b" ",
    b":",
    b"%",
    b"%00",
    b"/../",
    b"//",
    b"?",
    b"#",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Connection: close\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/csv\r\n",
    b"Content-Type: application/octet-stream\r\n",
    b"Inference-Header-Content-Length: 10\r\n",
    b"Accept: \xff;q=x\r\n",
    b"Host: y\r\n",
    b"X-Request-ID: " + b"a" * 500 + b"\r\n",
    b"HTTP/1.0",
    b"HTTP/9.9",
    b"[" * 2000,
    b"1e999",
    b"NaN",
    b"-0",
    b"\\u0000",
    b"null",
)


def insert(random: Random, case: bytes) -> bytes:
    """Insert a token."""
    place = random.randrange(len(case) + 1)
    return case[:place] + random.choice(TOKENS) + case[place:]


def insert_line(random: Random, case: bytes) -> bytes:
    """Insert a token at the start of a line."""
    lines = case.split(b"\r\n")
    place = random.randrange(len(lines))
    lines[place] = random.choice(TOKENS) + lines[place]
    return b"\r\n".join(lines)


def flip(random: Random, case: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(case)
    for _ in range(random.randint(1, 4)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def delete(random: Random, case: bytes) -> bytes:
    """Delete a part."""
    start = random.randrange(len(case) + 1)
    return case[:start] + case[start + random.randint(1, 30) :]


def truncate(random: Random, case: bytes) -> bytes:
    """Remove the end."""
    return case[: random.randrange(len(case) + 1)]


def repeat(random: Random, case: bytes) -> bytes:
    """Repeat a line."""
    lines = case.split(b"\r\n")
    place = random.randrange(len(lines))
    return b"\r\n".join([*lines[:place], *[lines[place]] * 3, *lines[place:]])


def splice(random: Random, case: bytes) -> bytes:
    """Join the start of a request and the end of another."""
    other = random.choice(SEEDS)
    return truncate(random, case) + other[random.randrange(len(other)) :]


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    insert,
    insert_line,
    insert_line,
    flip,
    delete,
    truncate,
    repeat,
    splice,
)


def write_case(random: Random) -> bytes:
    """Damage a valid request in several ways."""
    case = random.choice(SEEDS)
    for _ in range(random.choices((0, 1, 2, 3), (1, 10, 6, 3))[0]):
        case = random.choice(MUTATIONS)(random, case)
    return case
