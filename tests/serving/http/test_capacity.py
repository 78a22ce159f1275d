import pytest
from werkzeug.exceptions import TooManyRequests

from serving.http.capacity import SMALL_BYTES, Capacity, Lease


@pytest.fixture
def capacity() -> Capacity:
    return Capacity(max_in_flight=2, max_bytes=4 * SMALL_BYTES)


def test_slots_are_limited_and_come_back(capacity):
    first, second, third = (Lease(capacity) for _ in range(3))
    first.acquire_slot()
    second.acquire_slot()

    with pytest.raises(TooManyRequests):
        third.acquire_slot()
    with pytest.raises(TooManyRequests):
        capacity.require_room()
    first.release()
    third.acquire_slot()

    assert capacity.in_flight == 2


def test_a_request_takes_one_slot_and_returns_it_once(capacity):
    lease = Lease(capacity)

    lease.acquire_slot()
    lease.acquire_slot()
    assert capacity.in_flight == 1
    lease.release()
    lease.release()

    assert capacity.in_flight == 0


def test_bytes_of_all_requests_are_limited(capacity):
    first, second = Lease(capacity), Lease(capacity)
    first.add_bytes(3 * SMALL_BYTES)
    second.add_bytes(SMALL_BYTES)

    with pytest.raises(TooManyRequests):
        second.add_bytes(SMALL_BYTES)
    second.release()
    first.release()

    assert capacity.buffered_bytes == 0


def test_bytes_are_counted_from_the_first_once_a_request_is_large(capacity):
    lease = Lease(capacity)

    lease.add_bytes(SMALL_BYTES)
    assert capacity.buffered_bytes == 0
    lease.add_bytes(1)

    assert capacity.buffered_bytes == SMALL_BYTES + 1


def test_small_requests_pass_while_large_ones_fill_the_memory(capacity):
    Lease(capacity).add_bytes(4 * SMALL_BYTES)

    Lease(capacity).add_bytes(SMALL_BYTES)

    with pytest.raises(TooManyRequests):
        Lease(capacity).add_bytes(SMALL_BYTES + 1)
