"""Hostile bodies, and requests hidden in bodies."""

import hashlib
import json
import time

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.requirements import require
from benchmarks.chaos.scenario import Scenario
from benchmarks.chaos.service import Service
from benchmarks.chaos.wire import ROW, exchange, find_statuses, write_post

EIGHT_MEBIBYTES = 8 * 1024**2 - 1024
SLOWEST_SECONDS = 20.0
BATCH, INFER = "/predict/batch", "/v2/models/iris/infer"
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: smuggled\r\n\r\n"


def fill(piece: bytes, start: bytes = b"", end: bytes = b"") -> bytes:
    """Repeat a piece up to the size limit."""
    return start + piece * (EIGHT_MEBIBYTES // len(piece)) + end


def number_keys(size: int) -> bytes:
    """Write an object with a new unknown key for every few bytes."""
    keys = b",".join(b'"%x":1' % number for number in range(size // 12))
    return b"{" + keys[:size].rpartition(b",")[0] + b"}"


def write_tensors(count: int) -> bytes:
    """Write a request with many tensors."""
    tensor = {"datatype": "FP32", "shape": [1], "data": [1.0]}
    return json.dumps(
        {"inputs": [tensor | {"name": f"t{number}"} for number in range(count)]}
    ).encode()


def hostile_bodies() -> list[tuple[str, str, bytes, str, set[int]]]:
    """Return the name, path, body, content type and allowed statuses of each."""
    as_json, as_csv = "application/json", "text/csv"
    keys, huge = number_keys(EIGHT_MEBIBYTES), b"1" + b"0" * 400
    deep = fill(b"[", b'{"instances":')
    instances = b'{"instances":[%s]}'
    return [
        ("unknown keys", "/predict", keys, as_json, {413}),
        ("fewer unknown keys", "/predict", number_keys(65_000), as_json, {422}),
        ("unknown keys", BATCH, keys, as_json, {422}),
        ("rows with unknown keys", BATCH, instances % keys[:-2], as_json, {400}),
        ("a row of unknown keys", BATCH, instances % keys, as_json, {422}),
        ("empty rows", BATCH, fill(b"{},", b'{"instances":[', b"{}]}"), as_json, {413}),
        ("commas", BATCH, fill(b","), as_csv, {400, 422}),
        ("lines of commas", BATCH, fill(b",,,\n"), as_csv, {400, 413, 422}),
        ("quotes", BATCH, fill(b'"'), as_csv, {400, 413, 422}),
        ("lines", BATCH, fill(b"\n"), as_csv, {400, 413, 422}),
        ("deep arrays", BATCH, deep, as_json, {400}),
        ("deep objects", BATCH, fill(b'{"instances":'), as_json, {400}),
        ("deep but valid", BATCH, b"[" * 900 + b"]" * 900, as_json, {400, 422}),
        ("deep tensors", INFER, deep, as_json, {400}),
        ("1,000 tensors", INFER, write_tensors(1000), as_json, {400, 422}),
        ("100,000 tensors", INFER, write_tensors(100_000), as_json, {400, 413, 422}),
        ("a tensor of 10**18", INFER, wide_tensor(10**18), as_json, {413}),
        ("10**400", "/predict", ROW.replace(b"5.1", huge), as_json, {400, 422}),
        ("10**400 in CSV", BATCH, huge + b"\n", as_csv, {400, 422}),
        ("a long number", BATCH, fill(b"1", b"[", b"]"), as_json, {400, 422}),
        ("zeros", BATCH, fill(b"\0"), as_json, {400}),
        ("surrogates", "/predict", b'{"\\ud800": 1}', as_json, {400, 422}),
        ("not UTF-8", "/predict", b'{"\xff": 1}', as_json, {400}),
        ("nothing", "/invocations", b"", as_json, {400, 422}),
        ("unknown keys", "/invocations", keys, as_json, {400, 422}),
    ]


def wide_tensor(size: int) -> bytes:
    """Write a tensor that claims to be large."""
    tensor = {"name": "features", "datatype": "FP32", "shape": [size, 4], "data": [1.0]}
    return json.dumps({"inputs": [tensor]}).encode()


def send_hostile_bodies(lab: Lab) -> str:
    """Send each, and check that the same worker still predicts."""
    taken = {}
    with lab.serve(IRIS_WORKERS=1) as service:
        [worker] = service.workers
        bodies = hostile_bodies()
        for name, path, body, content_type, allowed in bodies:
            request = write_post(path, body, content_type=content_type)
            began = time.monotonic()
            answer = exchange(service, request)
            taken[name] = time.monotonic() - began
            statuses = find_statuses(answer)
            what = f"{name} to {path}: {statuses}, not one of {sorted(allowed)}"
            require(len(statuses) == 1 and statuses[0] in allowed, what)
            require_unharmed(service, worker)
        require(not service.logged("ERROR"), f"errors are logged: {service.tail()}")
    slowest = max(taken, key=lambda name: taken[name])
    require(taken[slowest] < SLOWEST_SECONDS, f"{slowest}: {taken[slowest]:.0f} s")
    return (
        f"{len(bodies)} bodies, all refused with the documented status; slowest:"
        f" {slowest}, {taken[slowest]:.1f} s; the worker predicted after each"
    )


def smuggle(lab: Lab) -> str:
    """Hide a request in the body of one that is refused before its body is read."""
    folder = lab.create_folder()
    lab.copy_store(folder / "store")
    file = folder / "keys"
    file.write_text(f"alice {hashlib.sha256(b'key').hexdigest()}\n")
    with lab.serve(folder, IRIS_WORKERS=1, IRIS_API_KEYS_FILE=file) as service:
        [worker] = service.workers
        for name, attack in write_smuggling().items():
            answer = exchange(service, attack)
            statuses = find_statuses(answer)
            require(b"smuggled" not in answer, f"{name}: the hidden one is answered")
            refused = len(statuses) == 1 and statuses[0] in {400, 401, 413, 501}
            require(refused, f"{name}: answered {statuses}")
            require(service.workers == [worker], f"{name}: the worker has ended")
            require(
                service.predict({"X-API-Key": "key"}).ok, f"{name}: it predicts no more"
            )
        require(not service.logged("ERROR"), f"errors are logged: {service.tail()}")
    return f"{len(write_smuggling())} ways, no hidden request was answered"


def write_smuggling() -> dict[str, bytes]:
    """Return requests whose bodies are requests."""
    length = len(SMUGGLED)
    upgrade = ("Connection: Upgrade", "Upgrade: h2c")
    chunked = "Transfer-Encoding: chunked"
    post = write_post("/predict", SMUGGLED)
    end = b"0\r\n\r\n"
    return {
        "401": post,
        "401, upgrade": write_post("/predict", SMUGGLED, *upgrade),
        "401, websocket": write_post(
            "/predict", SMUGGLED, "Connection: Upgrade", "Upgrade: websocket"
        ),
        "401, expect": write_post("/predict", SMUGGLED, "Expect: 100-continue"),
        "413": write_post(BATCH, SMUGGLED, length=9 * 1024**2),
        "length and chunked": write_post("/predict", end + SMUGGLED, chunked),
        "two lengths": write_post("/predict", SMUGGLED, "Content-Length: 0"),
        "signed length": post.replace(b"Length: %d" % length, b"Length: +%d" % length),
        "length in hex": post.replace(b"Length: %d" % length, b"Length: 0x10"),
        "chunked twice": write_post("/predict", end + SMUGGLED, chunked, chunked),
        "unknown coding": post.replace(
            b"Content-Length: %d" % length, b"Transfer-Encoding: x, chunked"
        ),
        "space before colon": post.replace(b"Content-Length:", b"Content-Length :"),
        "folded header": post.replace(b"Content-Length:", b"A: b\r\n Content-Length:"),
        "bare line feeds": post.replace(b"Host: x\r\n", b"Host: x\n"),
        "no host": post.replace(b"Host: x\r\n", b""),
        "CONNECT": post.replace(b"POST /predict", b"CONNECT x:1"),
    }


def require_unharmed(service: Service, worker: int) -> None:
    """Check that the worker is alive and predicts."""
    require(service.workers == [worker], "the worker has ended")
    require(service.predicts(), "it predicts no more")


SCENARIOS = (
    Scenario(
        "Hostile bodies",
        "8 MiB of unknown keys, of commas, of brackets, of zeros; 100,000 tensors;"
        " numbers like 10**400",
        "Each is refused with the documented status and without an error in the log;"
        " the worker predicts after each",
        send_hostile_bodies,
    ),
    Scenario(
        "Smuggled requests",
        "Requests in the bodies of others that are refused early, ask for an upgrade or"
        " have two lengths",
        "No hidden request is answered; the connection is closed",
        smuggle,
    ),
)
