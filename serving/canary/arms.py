"""Assigns requests to the canary consistently in all workers and replicas."""

from hashlib import blake2b

DIGEST_BYTES = 8
WHOLE = 1 << 8 * DIGEST_BYTES


def is_for_canary(key: str, version: str, share: float) -> bool:
    """Return whether a request is assigned to the canary.

    A key stays with the canary as the share grows; the next canary gets different keys.

    Args:
        key: Identifies a user, a client or a request; the same key gets the same model.
        version: Version of the canary.
        share: Share of the keys that it gets, from 0 to 1.
    """
    text = f"{version}\0{key}".encode("utf-8", "surrogatepass")
    digest = blake2b(text, digest_size=DIGEST_BYTES).digest()
    return int.from_bytes(digest, "big") < share * WHOLE
