"""Registry tags that describe a canary and a guard; training writes them."""

import re

from serving.model.onnx_model import ModelRefusedError, Version

CANARY_ALIAS = "Canary"
SHARE_TAG = "canary_share"  # on the canary: share of the requests that it handles
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+", re.ASCII)
GUARD_TAG, GUARDED = "guarded", "true"  # on Production, for some time after promotion


def is_canary(version: Version) -> bool:
    """Return whether a version handles requests alongside Production."""
    return version.alias == CANARY_ALIAS


def read_share(version: Version) -> float:
    """Return the share of the requests that a partner handles.

    Previous handles none, even if it was a canary before.

    Raises:
        ModelRefusedError: If it is a canary without a valid share.
    """
    if not is_canary(version):
        return 0.0
    text = version.tags.get(SHARE_TAG)
    # float() also accepts underscores: 0_1 would mean all requests.
    share = float(text) if text and _NUMBER.fullmatch(text) else float("nan")
    if not 0 <= share <= 1:
        found = "missing" if text is None else repr(text)
        raise ModelRefusedError(
            "share",
            f"the tag {SHARE_TAG} of version {version.version} is {found}; set it to"
            " a number from 0 to 1",
        )
    return share
