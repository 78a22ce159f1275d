import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.processes import find_host
from iris_kedro.registry.storage import lock as lock_module
from iris_kedro.registry.storage.lock import Lock
from iris_kedro.registry.storage.registered_model import RegisteredModel


@pytest.fixture
def model(tracking):
    model = RegisteredModel("iris", tracking)
    model.create()
    return model


@pytest.fixture
def leave_ticket(model):
    """Leave the ticket of another process, which has the lowest number."""

    def leave(**fields):
        ticket = {"id": "other", "number": 1, "host": "elsewhere", "pid": 1}
        ticket.update(fields)
        model.set_tag("lock.other", json.dumps({**ticket, "renewals": 0}))

    return leave


def tickets(model):
    return [key for key in model.read().tags if key.startswith("lock.")]


def test_lock_leaves_nothing_behind(model):
    with Lock(model):
        assert len(tickets(model)) == 1

    assert tickets(model) == []


def test_lock_is_released_after_an_error(model):
    with pytest.raises(ValueError, match="x"), Lock(model):
        raise ValueError("x")

    assert tickets(model) == []


def test_only_one_process_has_the_lock(model):
    inside, most = [], []

    def enter(number):
        with Lock(model):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(enter, range(12)))

    assert most == [1] * 12


def test_lock_of_a_running_process_is_waited_for(model):
    entered = threading.Event()

    def enter():
        with Lock(model):
            entered.set()

    with Lock(model):
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(1)
    thread.join()

    assert entered.is_set()


@pytest.mark.parametrize("number", [0, 1], ids=["choosing", "waiting"])
def test_dead_process_on_this_host_is_detected_immediately(
    model, leave_ticket, monkeypatch, number
):
    monkeypatch.setattr(lock_module, "LEASE_SECONDS", float("inf"))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leave_ticket(host=find_host(), pid=ended.pid, number=number)

    with Lock(model):
        assert len(tickets(model)) == 1


@pytest.mark.parametrize("host", ["elsewhere", find_host()])
def test_suspended_process_loses_the_lock(model, leave_ticket, monkeypatch, host):
    monkeypatch.setattr(lock_module, "LEASE_SECONDS", 0.3)
    leave_ticket(host=host, pid=os.getpid())

    with Lock(model):
        assert len(tickets(model)) == 1


def test_process_that_lost_the_lock_changes_nothing(model, monkeypatch):
    monkeypatch.setattr(lock_module, "LEASE_SECONDS", 0)
    with Lock(model) as lock:
        lock.renew()
        model.delete_tag(tickets(model)[0])

        with pytest.raises(ProjectError, match="another one may have changed"):
            lock.renew()


def test_process_that_renews_its_ticket_keeps_its_turn(
    model, leave_ticket, monkeypatch
):
    leave_ticket()
    looks = []

    def renew_other(_):
        looks.append(1)
        ticket = json.loads(model.read().tags["lock.other"])
        ticket["renewals"] += 1
        model.set_tag("lock.other", json.dumps(ticket))
        now[0] += 20
        if len(looks) == 5:
            model.delete_tag("lock.other")

    now = [0.0]
    monkeypatch.setattr(lock_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lock_module.time, "sleep", renew_other)

    with Lock(model):
        assert len(looks) == 5
