"""Canaries and guards in the registry: roles, and what is recorded."""

import pytest

from iris_kedro.registry import Cause

SHARE = 0.05


@pytest.fixture
def one(registry, register):
    """Return a registry with version 1 in Production."""
    register(registry)
    return registry


def test_first_release_is_direct(registry, register):
    register(registry, canary_share=SHARE)

    assert registry.aliases() == {"Production": "1"}
    assert registry.canary() is None


def test_challenger_that_passes_becomes_the_canary(running):
    canary = running.canary()

    assert running.aliases() == {"Production": "1", "Canary": "2"}
    assert running.tags("2")["canary_share"] == "0.05"
    assert (canary.kind, canary.version, canary.against) == ("canary", "2", "1")
    assert canary.share == SHARE
    event = running.history()[-1]
    assert (event.action, event.version, event.share) == ("canary start", "2", SHARE)
    assert canary.since == canary.share_since == event.at
    assert [move.to for move in running.moves()] == ["1"]


@pytest.mark.parametrize("text", ["5 %", "nan", "-1", "2", ""])
def test_invalid_share_is_zero(running, tracking, text):
    tracking.set_model_version_tag("iris", "2", "canary_share", text)

    assert running.canary().share == 0.0


def test_refused_challenger_does_not_become_the_canary(one, register):
    register(one, "worse", canary_share=SHARE)

    assert one.aliases() == {"Production": "1", "Challenger": "2"}


def test_no_canary_starts_while_releases_are_on_hold(guarded, register):
    guarded.rollback("it was wrong")

    register(guarded, canary_share=SHARE)

    assert guarded.aliases()["Challenger"] == "3"
    assert "Canary" not in guarded.aliases()
    assert "on hold" in guarded.tags("3")["note"]


def test_newer_challenger_replaces_the_canary(running, register):
    register(running, canary_share=0.1)

    assert running.aliases() == {"Production": "1", "Canary": "3"}
    assert "canary_share" not in running.tags("2")
    assert "canary replaced by version 3" in running.tags("2")["note"]
    event = running.history()[-1]
    assert event.reason == "replaces the canary version 2"
    assert (event.origin, event.version) == ("2", "3")


def test_canary_that_is_released_again_continues(running, register):
    running.set_canary_share("2", 0.25, Cause("no warning"))

    register(running, canary_share=SHARE, fingerprint="model 2")

    assert running.canary().share == 0.25
    assert len(running.history()) == 3


def test_share_is_set_with_its_cause(running):
    figures = {"rows": 800}

    running.set_canary_share("2", 0.25, Cause("no warning", "watcher", figures))

    canary, event = running.canary(), running.history()[-1]
    assert running.tags("2")["canary_share"] == "0.25"
    assert canary.share_since == event.at > canary.since
    assert (event.action, event.by, event.reason) == (
        "canary share",
        "watcher",
        "no warning",
    )
    assert event.figures == figures


def test_stopped_canary_has_no_role_and_a_note(running):
    event = running.stop_canary("2", Cause("it is worse", "watcher"))

    assert running.aliases() == {"Production": "1"}
    assert running.canary() is None
    assert "canary_share" not in running.tags("2")
    assert running.tags("2")["note"].startswith("canary stopped by watcher at ")
    assert running.tags("2")["note"].endswith("UTC: it is worse")
    assert (event.action, event.version, event.to) == ("canary stop", "2", None)


def test_stopped_canary_is_not_released_again_automatically(running, register):
    running.stop_canary("2", Cause("it is worse", "watcher"))

    register(running, canary_share=SHARE, fingerprint="model 2")

    assert running.aliases() == {"Production": "1", "Challenger": "2"}
    assert "it is worse" in running.tags("2")["note"]
    running.promote("2")
    assert running.aliases()["Production"] == "2"
    assert "note" not in running.tags("2")


def test_promoted_canary_is_production_and_guarded(guarded):
    guard, event = guarded.guard(), guarded.history()[-1]

    assert guarded.aliases() == {"Production": "2", "Previous": "1"}
    assert guarded.tags("2")["guarded"] == "true"
    assert guarded.tags("2")["guarded_since"] == event.at.isoformat()
    assert "canary_share" not in guarded.tags("2")
    assert (event.action, event.to, event.guard) == ("promote", "2", "set")
    assert (guard.version, guard.against, guard.since) == ("2", "1", event.at)
    assert guarded.canary() is None


def test_guard_ends(guarded):
    event = guarded.end_guard("2", Cause("nothing happened", "watcher"))

    assert guarded.guard() is None
    assert not {"guarded", "guarded_since"} & guarded.tags("2").keys()
    assert (event.action, event.version, event.guard) == ("guard end", "2", "ended")
    assert guarded.aliases() == {"Production": "2", "Previous": "1"}


def test_guarded_version_is_rolled_back_with_a_hold(guarded):
    event = guarded.roll_back_guarded("2", Cause("worse", "watcher", {"e_worse": 120}))

    assert guarded.aliases() == {"Production": "1", "Previous": "2"}
    assert guarded.guard() is None
    assert "guarded" not in guarded.tags("2")
    assert guarded.hold() == event
    assert (event.by, event.reason, event.figures["e_worse"]) == (
        "watcher",
        "worse",
        120,
    )


@pytest.mark.parametrize("change", ["stop_canary", "promote_canary"])
def test_canary_that_has_already_ended_is_not_changed(running, change):
    running.stop_canary("2", Cause("by hand"))
    events = running.history()

    assert getattr(running, change)("2", Cause("too late")) is None
    assert running.set_canary_share("2", 1.0, Cause("too late")) is None
    assert running.history() == events
    assert running.aliases() == {"Production": "1"}


@pytest.mark.parametrize("change", ["end_guard", "roll_back_guarded"])
def test_guard_that_has_already_ended_is_not_changed(guarded, change):
    guarded.promote("1")
    events = guarded.history()

    assert getattr(guarded, change)("2", Cause("too late")) is None
    assert guarded.history() == events


def test_canary_promoted_by_hand_ends_as_canary(running):
    running.promote("2", is_guarded=True)

    assert running.aliases() == {"Production": "2", "Previous": "1"}
    assert not {"canary_share", "note"} & running.tags("2").keys()
    assert running.guard().version == "2"


def test_another_version_promoted_by_hand_ends_the_canary(running, register):
    register(running, "worse")

    event = running.promote("3", "it is needed")

    assert running.aliases() == {"Production": "3", "Previous": "1"}
    assert event.version == "2"
    assert "version 3 became Production" in running.tags("2")["note"]
    assert "canary_share" not in running.tags("2")
    assert running.guard() is None


def test_rollback_by_hand_stops_the_canary_too(guarded, register):
    register(guarded, canary_share=SHARE)

    event = guarded.rollback("everything is wrong")

    assert guarded.aliases() == {"Production": "1", "Previous": "2"}
    assert event.version == "3"
    assert "canary_share" not in guarded.tags("3")
    assert guarded.guard() is None


def test_rollback_without_previous_stops_the_canary_and_holds(running):
    event = running.rollback("it is wrong")

    assert running.aliases() == {"Production": "1"}
    assert (event.to, event.version, event.hold) == (None, "2", "set")
    assert "it is wrong" in running.tags("2")["note"]
    assert running.rollback() == event


def test_canary_is_not_pruned(running, register):
    register(running, "worse")

    assert running.prune(0) == ([], "")
    assert running.canary().version == "2"


def test_events_of_a_deleted_version_are_read(running, tracking):
    running.stop_canary("2", Cause("it is worse"))

    running.prune(0)

    assert [each.version for each in running.history()] == [None, "2", "2"]
    assert running.canary() is None


def test_alias_without_a_share_is_a_canary_without_requests(one, register, tracking):
    register(one, "worse")
    tracking.set_registered_model_alias("iris", "Canary", "2")

    canary = one.canary()

    assert (canary.version, canary.share) == ("2", 0.0)
    one.stop_canary("2", Cause("nobody knows why"))
    assert "Canary" not in one.aliases()
