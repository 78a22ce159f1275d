import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from mlflow.exceptions import MlflowException

from iris_kedro.errors import ProjectError
from iris_kedro.registry import Registry
from tests.fixtures.mlflow import register_model
from tests.fixtures.registries import copy_registry


@pytest.fixture(scope="module")
def two_database(make_registry):
    def fill(registry):
        register_model(registry, "model 1")
        register_model(registry, "model 2")

    return make_registry(fill)


@pytest.fixture
def two(registry, two_database, tmp_path):
    """Return a registry with version 2 in Production, and 1 as Previous."""
    copy_registry(two_database, tmp_path / "mlflow.db")
    return registry


def noon(hours=0):
    return datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(hours=hours)


# --- Reading -------------------------------------------------------------------------


def test_unknown_model_has_no_aliases_and_versions(registry):
    assert registry.aliases() == {}
    assert registry.versions() == []
    assert registry.history() == []
    assert registry.hold() is None


def test_unreachable_mlflow_is_not_an_empty_registry(registry, monkeypatch, tracking):
    def fail(name):
        raise MlflowException("no connection")

    monkeypatch.setattr(tracking, "get_registered_model", fail)

    with pytest.raises(MlflowException, match="no connection"):
        registry.aliases()


@pytest.mark.slow
def test_versions_are_in_numerical_order(registry, register):
    numbers = [register(registry) for _ in range(11)]

    assert numbers == [str(number) for number in range(1, 12)]
    assert [str(each.version) for each in registry.versions()] == numbers


def test_more_versions_than_fit_on_a_page_are_all_found(two, monkeypatch, tracking):
    search = tracking.search_model_versions

    def search_one_at_a_time(condition, page_token=None):
        return search(condition, max_results=1, page_token=page_token)

    monkeypatch.setattr(tracking, "search_model_versions", search_one_at_a_time)

    assert len(two.versions()) == 2


def test_other_models_are_ignored(registry, register, tracking):
    register(registry)
    other = Registry("iris-two", tracking)

    register(other)

    assert len(registry.versions()) == len(other.versions()) == 1


# --- Promotions ----------------------------------------------------------------------


def test_promotion_makes_the_current_version_previous(two):
    event = two.promote("1")

    assert two.aliases() == {"Production": "1", "Previous": "2"}
    assert (event.origin, event.to, event.action) == ("2", "1", "promote")


def test_promoted_challenger_is_no_longer_challenger(two, register):
    register(two, "worse")

    two.promote("3", "requested by customers")

    assert two.aliases() == {"Production": "3", "Previous": "2"}


@pytest.mark.parametrize("version", ["9", "0", "-1", "latest", ""])
def test_unknown_version_cannot_be_promoted(two, version):
    message = f"no version {version} of iris; there are 1, 2"
    with pytest.raises(ProjectError, match=message):
        two.promote(version)

    assert two.aliases() == {"Production": "2", "Previous": "1"}


def test_promotion_without_any_version_says_so(registry):
    with pytest.raises(ProjectError, match="no version 1 of iris; there are none"):
        registry.promote("1")


def test_production_cannot_be_promoted_again(two):
    with pytest.raises(ProjectError, match="version 2 is already Production"):
        two.promote("2")

    assert len(two.history()) == 2


@pytest.mark.parametrize("verdict", ["worse", "unfit", "inconclusive"])
@pytest.mark.parametrize("reason", ["", "  "])
def test_promotion_against_the_gate_needs_a_reason(two, register, verdict, reason):
    register(two, verdict)

    with pytest.raises(ProjectError, match=rf"version 3 \({verdict}\).*--reason"):
        two.promote("3", reason)

    assert two.aliases()["Production"] == "2"


def test_reason_of_a_promotion_is_in_the_history(two, register):
    register(two, "worse")

    two.promote("3", "it knows the new species")

    assert two.history()[-1].reason == "it knows the new species"


def test_tie_that_keeps_production_needs_a_reason_too(two, register):
    register(two, "not worse", promotes=False)

    with pytest.raises(ProjectError, match="--reason"):
        two.promote("3")


def test_version_that_was_in_production_needs_no_reason(two, register):
    register(two, "worse")
    two.promote("3", "for a day")
    two.promote("2")

    two.promote("3")

    assert two.aliases()["Production"] == "3"


def test_old_version_with_only_a_verdict_needs_a_reason(two, tracking):
    tracking.create_model_version("iris", "file:///x", tags={"verdict": "worse"})

    with pytest.raises(ProjectError, match="--reason"):
        two.promote("3")


def test_version_registered_by_hand_needs_no_reason(two, tracking):
    tracking.create_model_version("iris", "file:///x")

    assert two.promote("3").to == "3"


# --- Rollbacks and holds -------------------------------------------------------------


def test_rollback_swaps_production_and_previous(two):
    event = two.rollback()

    assert (event.origin, event.to, event.action) == ("2", "1", "rollback")
    assert two.aliases() == {"Production": "1", "Previous": "2"}


def test_second_rollback_changes_nothing(two):
    first = two.rollback()

    assert two.rollback() == first
    assert two.aliases() == {"Production": "1", "Previous": "2"}
    assert len(two.history()) == 3


def test_only_one_of_two_concurrent_rollbacks_has_an_effect(two, tracking):
    start = threading.Barrier(2)

    def roll_back():
        start.wait()
        return Registry("iris", tracking).rollback()

    with ThreadPoolExecutor(2) as operators:
        events = [operators.submit(roll_back) for _ in range(2)]

    assert events[0].result() == events[1].result()
    assert two.aliases() == {"Production": "1", "Previous": "2"}
    assert [each.action for each in two.history()] == ["release", "release", "rollback"]


def test_rollback_after_a_promotion_during_the_hold_goes_back_again(two):
    two.rollback()
    two.promote("2")

    two.rollback()

    assert two.aliases() == {"Production": "1", "Previous": "2"}


def test_rollback_to_a_version_rolled_back_before_is_refused(two):
    two.rollback()
    two.resume()

    with pytest.raises(ProjectError, match="already Production by a rollback"):
        two.rollback()


def test_rollback_without_previous_says_what_to_do(registry, register):
    register(registry)

    with pytest.raises(ProjectError, match=r"no Previous version.*kedro model promote"):
        registry.rollback()


def test_rollback_says_who_put_releases_on_hold(two, clock, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")

    two.rollback("wrong for lilies")

    hold = two.hold()
    assert (hold.by, hold.reason, hold.to) == ("ada", "wrong for lilies", "1")


def test_release_on_hold_becomes_challenger(two, register):
    two.rollback()

    register(two)

    assert two.aliases() == {"Production": "1", "Previous": "2", "Challenger": "3"}
    assert "on hold" in two.tags("3")["note"]


@pytest.mark.parametrize("end", [Registry.resume, lambda each: each.promote("2")])
def test_hold_ends(two, register, end):
    two.rollback()
    end(two)

    register(two)

    assert two.hold() is None
    assert two.aliases()["Production"] == "3"
    assert two.history()[-2].hold == "ended"


def test_resume_without_a_hold_does_nothing(two):
    assert two.resume() is None
    assert len(two.history()) == 2


# --- History -------------------------------------------------------------------------


def test_history_contains_every_change_in_order(two, clock, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    two.promote("1")
    two.rollback()

    moves = [(each.at, each.origin, each.to, each.by) for each in two.history()[2:]]

    assert [move[1:] for move in moves] == [("2", "1", "ada"), ("1", "2", "ada")]


def test_events_keep_their_order_when_a_clock_is_wrong(registry, register, monkeypatch):
    register(registry)

    class Slow(datetime):
        @classmethod
        def now(cls, tz=None):
            return noon()

    monkeypatch.setattr("iris_kedro.registry.storage.history.datetime", Slow)
    for _ in range(3):
        register(registry)

    assert [each.to for each in registry.history()] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_user_without_a_name_has_a_user_id(registry, register, monkeypatch, error):
    def fail():
        raise error("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", fail)
    monkeypatch.setattr(os, "getuid", lambda: 12345)

    register(registry)

    assert registry.history()[0].by == "uid 12345"
