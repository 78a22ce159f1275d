import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from iris_kedro.processes import find_start
from iris_kedro.watcher.records.lease import Lease, LeaseLost, read_owner
from iris_kedro.watcher.records.tables import lease as lease_table


@pytest.fixture
def change(engine):
    def change(**values):
        with engine.begin() as connection:
            connection.execute(update(lease_table).values(values))

    return change


@pytest.fixture
def first(engine):
    lease = Lease(engine, "iris", 60)
    assert lease.take()
    return lease


@pytest.fixture
def second(engine):
    return Lease(engine, "iris", 60)


def test_only_one_of_many_gets_the_lease(engine):
    leases = [Lease(engine, "iris", 60) for _ in range(8)]
    ready = threading.Barrier(len(leases))

    def take(lease):
        ready.wait()
        return lease.take()

    with ThreadPoolExecutor(len(leases)) as pool:
        taken = list(pool.map(take, leases))

    assert sorted(taken) == [False] * 7 + [True]


def test_each_model_has_its_own_lease(engine, first):
    assert Lease(engine, "penguins", 60).take()


def test_owner_renews_the_lease(first, second):
    assert first.take()
    assert not second.take()


def test_released_lease_can_be_taken(first, second):
    first.release()

    assert second.take()
    assert not first.take()


def test_expired_lease_can_be_taken(first, second, change):
    change(expires_at=0.0)

    assert second.take()


def test_owner_can_renew_an_expired_lease_that_nobody_took(first, change):
    change(expires_at=0.0)

    assert first.take()


def test_lease_of_a_dead_process_on_this_host_can_be_taken(first, second, change):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    change(pid=ended.pid)

    assert second.take()


def test_owner_whose_process_id_was_reused_is_dead(first, second, change):
    change(pid=os.getppid(), started="1")

    assert second.take()


def test_lease_of_another_host_must_expire(first, second, change):
    change(host="elsewhere", pid=1_000_000_000)

    assert not second.take()


def test_watcher_without_the_lease_writes_nothing(engine, first, second, change):
    change(expires_at=0.0)
    second.take()

    with engine.begin() as connection, pytest.raises(LeaseLost):
        first.check(connection)
    with pytest.raises(LeaseLost):
        first.note_job(1, "")


def test_watcher_with_an_expired_lease_writes_nothing(engine, first, change):
    change(expires_at=0.0)

    with engine.begin() as connection, pytest.raises(LeaseLost):
        first.check(connection)


def test_lost_lease_is_not_released(first, second, change):
    change(expires_at=0.0)
    second.take()

    first.release()

    assert second.take()


def test_job_of_the_previous_owner_is_found(first, second):
    pid = os.getpid()
    first.note_job(pid, find_start(pid))
    first.release()
    second.take()

    assert second.find_orphan() == (pid, find_start(pid))


def test_job_on_another_host_is_not_found(first, second, change):
    first.note_job(1, "")
    change(job_host="elsewhere")
    first.release()
    second.take()

    assert second.find_orphan() is None


def test_lease_is_expiring_before_others_can_take_it(engine, first):
    hasty = Lease(engine, "hasty", 0.0)
    hasty.take()

    assert hasty.is_expiring()
    assert not first.is_expiring()


def test_lease_that_was_never_taken_has_no_owner(engine):
    with engine.begin() as connection:
        assert read_owner(connection, "iris") is None
