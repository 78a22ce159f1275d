import pytest

from serving.worker import decline_upgrade

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("wish", [b"Upgrade: h2c", b"upgrade:TLS/1.2, HTTP/2.0"])
def test_a_wish_for_another_protocol_is_removed(wish):
    assert decline_upgrade(HEAD + wish + b"\r\n\r\n{}") == HEAD + b"\r\n{}"


@pytest.mark.parametrize(
    "data", [HEAD + b"\r\nUpgrade: h2c\r\n", b"Upgrade: h2c\r\n\r\n", b"no head"]
)
def test_what_is_no_header_stays(data):
    assert decline_upgrade(data) == data
