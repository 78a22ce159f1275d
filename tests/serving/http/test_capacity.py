import pytest
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from serving.http.capacity import SMALL_BYTES, Capacity, Lease


@pytest.fixture
def capacity() -> Capacity:
    """Room for two predictions, and for eight small bodies or two more."""
    return Capacity(max_in_flight=2, max_bytes=8 * SMALL_BYTES, max_explanations=1)


def test_slots_are_limited_and_released(capacity):
    first, second, third = (Lease(capacity) for _ in range(3))
    first.acquire_slot()
    second.acquire_slot()

    with pytest.raises(TooManyRequests):
        third.acquire_slot()
    with pytest.raises(TooManyRequests):
        capacity.require_room(0)
    first.release()
    third.acquire_slot()

    assert capacity.in_flight == 2


def test_everything_is_released_once(capacity):
    lease = Lease(capacity)
    lease.acquire_slot()
    lease.count_body(1000, is_complete=False)

    lease.release()
    lease.release()

    assert (capacity.in_flight, capacity.buffered_bytes) == (0, 0)


def test_a_body_is_counted_as_it_arrives(capacity):
    lease = Lease(capacity)

    for size in (10, 1000, 5 * SMALL_BYTES):
        lease.count_body(size, is_complete=False)
        assert capacity.buffered_bytes == size
    lease.count_body(6 * SMALL_BYTES, is_complete=True)

    assert capacity.buffered_bytes == 6 * SMALL_BYTES


def test_a_complete_small_body_is_not_counted(capacity):
    Lease(capacity).count_body(SMALL_BYTES, is_complete=True)
    assert capacity.buffered_bytes == 0

    Lease(capacity).count_body(SMALL_BYTES + 1, is_complete=True)
    assert capacity.buffered_bytes == SMALL_BYTES + 1


def test_large_bodies_do_not_starve_small_ones(capacity):
    Lease(capacity).count_body(8 * SMALL_BYTES, is_complete=False)

    Lease(capacity).count_body(SMALL_BYTES, is_complete=False)
    with pytest.raises(TooManyRequests):
        Lease(capacity).count_body(SMALL_BYTES + 1, is_complete=False)


def test_unfinished_small_bodies_are_limited(capacity):
    for _ in range(10):
        Lease(capacity).count_body(SMALL_BYTES, is_complete=False)

    with pytest.raises(TooManyRequests):
        Lease(capacity).count_body(1, is_complete=False)
    Lease(capacity).count_body(SMALL_BYTES, is_complete=True)


def test_a_large_body_is_refused_before_it_arrives(capacity):
    capacity.require_room(8 * SMALL_BYTES)
    Lease(capacity).count_body(7 * SMALL_BYTES, is_complete=False)

    capacity.require_room(SMALL_BYTES)
    with pytest.raises(TooManyRequests):
        capacity.require_room(2 * SMALL_BYTES)


def test_only_large_responses_to_predictions_are_counted(capacity):
    health, prediction = Lease(capacity), Lease(capacity)
    prediction.acquire_slot()

    health.count_response(100 * SMALL_BYTES)
    prediction.count_response(SMALL_BYTES)
    assert capacity.buffered_bytes == 0
    prediction.count_response(6 * SMALL_BYTES)

    assert capacity.buffered_bytes == 6 * SMALL_BYTES


def test_a_running_explanation_finishes_and_no_other_starts(capacity):
    with capacity.explain_alone():
        capacity.stop_explaining()

    with pytest.raises(ServiceUnavailable), capacity.explain_alone():
        pytest.fail("it has started")
