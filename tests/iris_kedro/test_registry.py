from datetime import UTC, datetime, timedelta

import pytest
from mlflow.exceptions import MlflowException

from iris_kedro import registry as registry_module
from iris_kedro.errors import ProjectError
from iris_kedro.registry import FINGERPRINT, PROMOTING, REFUSING, Registry


@pytest.fixture
def register(registry, tmp_path):
    def register(compared_with=None, state=PROMOTING, fingerprint="print"):
        return registry.register(
            str(tmp_path),
            run_id="",
            compared_with=compared_with,
            state=state,
            tags={FINGERPRINT: fingerprint},
            description="",
        )

    return register


def noon(hours=0):
    return datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(hours=hours)


def test_unknown_model_has_no_aliases_and_versions(registry):
    assert registry.aliases() == {}
    assert registry.versions() == []
    assert registry.history() == []


def test_unreachable_mlflow_is_not_an_empty_registry(registry, monkeypatch):
    def fail(name):
        raise MlflowException("no connection")

    monkeypatch.setattr(registry._client, "get_registered_model", fail)

    with pytest.raises(MlflowException, match="no connection"):
        registry.aliases()


def test_registered_version_has_no_role(registry, register):
    assert register() == "1"
    assert registry.aliases() == {}


def test_versions_count_up_in_the_order_of_numbers(registry, register):
    numbers = [register() for _ in range(11)]

    assert numbers == [str(number) for number in range(1, 12)]
    assert [str(each.version) for each in registry.versions()] == numbers


def test_more_versions_than_fit_on_a_page_are_all_found(
    registry, register, monkeypatch
):
    for _ in range(3):
        register()
    search = registry._client.search_model_versions

    def search_one_at_a_time(condition, page_token=None):
        return search(condition, max_results=1, page_token=page_token)

    monkeypatch.setattr(registry._client, "search_model_versions", search_one_at_a_time)

    assert len(registry.versions()) == 3


def test_models_of_other_names_do_not_count(registry, register, tmp_path):
    register()

    other = Registry("iris-two", registry._client)
    other.register(str(tmp_path), "", None, "promoting", {}, "")

    assert len(registry.versions()) == len(other.versions()) == 1


def test_first_promotion_has_no_origin(registry, register):
    promotion = registry.promote(register(), "release")

    assert (promotion.to, promotion.origin) == ("1", None)
    assert registry.aliases() == {"Production": "1"}


def test_promotion_keeps_the_version_before_as_previous(registry, register):
    registry.promote(register(), "release")

    registry.promote(register(), "release")

    assert registry.aliases() == {"Production": "2", "Previous": "1"}


@pytest.mark.parametrize("version", ["9", "0", "-1", "latest", ""])
def test_unknown_version_cannot_be_promoted(registry, register, version):
    registry.promote(register(), "release")

    with pytest.raises(
        ProjectError, match=f"no version {version} of iris; there are 1"
    ):
        registry.promote(version, "promote")

    assert registry.aliases() == {"Production": "1"}


def test_promotion_without_any_version_says_so(registry):
    with pytest.raises(ProjectError, match="no version 1 of iris; there are none"):
        registry.promote("1", "promote")


def test_production_cannot_be_promoted_again(registry, register):
    registry.promote(register(), "release")

    with pytest.raises(ProjectError, match="version 1 is Production already"):
        registry.promote("1", "promote")

    assert len(registry.history()) == 1


def test_rollback_swaps_production_and_previous(registry, register):
    for _ in range(2):
        registry.promote(register(), "release")

    promotion = registry.rollback()

    assert (promotion.origin, promotion.to, promotion.action) == ("2", "1", "rollback")
    assert registry.aliases() == {"Production": "1", "Previous": "2"}


def test_second_rollback_undoes_the_first(registry, register):
    for _ in range(2):
        registry.promote(register(), "release")

    registry.rollback()
    registry.rollback()

    assert registry.aliases() == {"Production": "2", "Previous": "1"}


def test_rollback_without_previous_says_what_to_do(registry, register):
    registry.promote(register(), "release")

    with pytest.raises(ProjectError, match=r"no Previous version.*kedro model promote"):
        registry.rollback()


def test_history_tells_every_move_in_order(registry, register, clock, monkeypatch):
    monkeypatch.setattr(registry_module.getpass, "getuser", lambda: "ada")
    for _ in range(2):
        registry.promote(register(), "release")
    registry.rollback()

    moves = [
        (each.at, each.origin, each.to, each.action) for each in registry.history()
    ]

    assert moves == [
        (noon(), None, "1", "release"),
        (noon(1), "1", "2", "release"),
        (noon(2), "2", "1", "rollback"),
    ]
    assert {each.by for each in registry.history()} == {"ada"}


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_user_without_a_name_is_a_number(registry, register, monkeypatch, error):
    def fail():
        raise error("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(registry_module.getpass, "getuser", fail)
    monkeypatch.setattr(registry_module.os, "getuid", lambda: 12345)

    assert registry.promote(register(), "release").by == "uid 12345"


@pytest.mark.parametrize(
    ("hours", "versions"), [(-1, []), (0, ["1"]), (0.5, ["1"]), (1, ["1", "2"])]
)
def test_history_ends_at_the_given_time(registry, register, clock, hours, versions):
    for _ in range(2):
        registry.promote(register(), "release")

    assert [each.to for each in registry.history(until=noon(hours))] == versions


def test_two_moves_to_one_version_are_both_remembered(registry, register):
    for _ in range(2):
        registry.promote(register(), "release")
    for _ in range(4):
        registry.rollback()

    assert [each.to for each in registry.history()] == ["1", "2", "1", "2", "1", "2"]


def test_move_is_recorded_before_it_is_made(registry, register, monkeypatch):
    version = register()

    def fail(*_):
        raise MlflowException("the power is gone")

    monkeypatch.setattr(registry._client, "set_registered_model_alias", fail)
    with pytest.raises(MlflowException):
        registry.promote(version, "release")

    assert registry.aliases() == {}
    assert [each.to for each in registry.history()] == ["1"]


def test_fingerprint_counts_once_a_release_is_complete(registry, register):
    register(fingerprint="on its way")
    registry.complete(register())

    assert registry.fingerprints() == {"print": "2"}


def test_fingerprint_of_a_release_that_died_counts_if_it_got_its_role(
    registry, register
):
    registry.promote(register(), "release")

    assert registry.fingerprints() == {"print": "1"}


def test_withdrawn_release_leaves_no_fingerprint(registry, register):
    registry.withdraw(register())

    assert registry.fingerprints() == {}


@pytest.mark.parametrize("end", ["complete", "fail", "withdraw"])
def test_release_that_is_over_is_no_rival(registry, register, end):
    getattr(registry, end)(register())

    assert registry.is_first_of_rivals(register(), None)


def test_first_registered_of_rivals_wins(registry, register):
    first, second = register(), register()

    assert registry.is_first_of_rivals(first, None)
    assert not registry.is_first_of_rivals(second, None)


def test_release_is_overtaken_when_production_has_moved(registry, register):
    registry.promote(register(), "release")

    assert not registry.is_first_of_rivals(register(), compared_with=None)


def test_rival_that_gets_through_during_the_check_has_overtaken(
    registry, register, monkeypatch
):
    rival, version = register(), register()
    look = registry.aliases

    def look_just_before_the_rival_is_through():
        found = look()
        monkeypatch.setattr(registry, "aliases", look)
        registry.promote(rival, "release")
        registry.complete(rival)
        return found

    monkeypatch.setattr(registry, "aliases", look_just_before_the_rival_is_through)

    assert not registry.is_first_of_rivals(version, None)


def test_refused_challengers_are_no_rivals(registry, register):
    register(state=REFUSING)

    assert registry.is_first_of_rivals(register(), None)


def test_releases_judged_against_another_production_are_no_rivals(registry, register):
    production = register()
    registry.promote(production, "release")
    registry.complete(production)
    register(compared_with="7")

    assert registry.is_first_of_rivals(register(production), production)


def test_release_that_died_stops_counting_after_a_while(
    registry, register, monkeypatch
):
    register()
    monkeypatch.setattr(registry_module, "PENDING_LIMIT", timedelta(0))

    assert registry.is_first_of_rivals(register(), None)
