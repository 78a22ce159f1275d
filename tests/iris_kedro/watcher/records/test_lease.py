import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from iris_kedro.processes import find_start
from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.lease import Lease, LeaseLost, read_owner
from iris_kedro.watcher.records.tables import lease as lease_table


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, url, tmp_path):
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    engine = connect(url, tmp_path)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(lease_table.delete())
    return engine


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


def test_one_of_many_gets_a_lease(engine):
    leases = [Lease(engine, "iris", 60) for _ in range(8)]
    ready = threading.Barrier(len(leases))

    def take(lease):
        ready.wait()
        return lease.take()

    with ThreadPoolExecutor(len(leases)) as pool:
        taken = list(pool.map(take, leases))

    assert sorted(taken) == [False] * 7 + [True]


def test_models_have_leases_of_their_own(engine, first):
    assert Lease(engine, "penguins", 60).take()


def test_its_owner_renews_it(first, second):
    assert first.take()
    assert not second.take()


def test_it_can_be_taken_once_it_is_returned(first, second):
    first.release()

    assert second.take()
    assert not first.take()


def test_it_can_be_taken_once_its_owner_was_silent(first, second, change):
    change(expires_at=0.0)

    assert second.take()


def test_an_owner_that_was_away_and_not_replaced_goes_on(first, change):
    change(expires_at=0.0)

    assert first.take()


def test_that_of_a_dead_process_of_this_host_is_taken_at_once(first, second, change):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    change(pid=ended.pid)

    assert second.take()


def test_a_number_that_another_process_has_now_is_a_dead_owner(first, second, change):
    change(pid=os.getppid(), started="1")

    assert second.take()


def test_that_of_another_host_waits_for_its_end(first, second, change):
    change(host="elsewhere", pid=1_000_000_000)

    assert not second.take()


def test_whoever_lost_it_writes_nothing(engine, first, second, change):
    change(expires_at=0.0)
    second.take()

    with engine.begin() as connection, pytest.raises(LeaseLost):
        first.check(connection)
    with pytest.raises(LeaseLost):
        first.note_job(1, "")


def test_whoever_let_it_expire_writes_nothing(engine, first, change):
    change(expires_at=0.0)

    with engine.begin() as connection, pytest.raises(LeaseLost):
        first.check(connection)


def test_a_lease_that_is_lost_is_not_released(first, second, change):
    change(expires_at=0.0)
    second.take()

    first.release()

    assert second.take()


def test_the_process_of_the_owner_before_is_found(first, second):
    pid = os.getpid()
    first.note_job(pid, find_start(pid))
    first.release()
    second.take()

    assert second.find_orphan() == (pid, find_start(pid))


def test_a_process_of_another_host_is_not(first, second, change):
    first.note_job(1, "")
    change(job_host="elsewhere")
    first.release()
    second.take()

    assert second.find_orphan() is None


def test_it_expires_by_its_own_clock_before_others_may_take_it(engine, first):
    hasty = Lease(engine, "hasty", 0.0)
    hasty.take()

    assert hasty.is_expiring()
    assert not first.is_expiring()


def test_nobody_has_one_that_was_never_taken(engine):
    with engine.begin() as connection:
        assert read_owner(connection, "iris") is None
