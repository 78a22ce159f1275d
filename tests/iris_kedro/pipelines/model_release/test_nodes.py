from dataclasses import replace

import numpy as np
import onnx
import pandas as pd
import pytest

from iris_kedro.gate.known import digest_judgement
from iris_kedro.gate.release import Decision, ReleasedModel, Verdict
from iris_kedro.model.contract import Contract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.pipelines.model_release.nodes import decide, release
from iris_kedro.tables.split import is_held_out

COSTS = {
    "costs": {
        "setosa": {"versicolor": 1.0, "virginica": 1.0},
        "versicolor": {"setosa": 1.0, "virginica": 1.0},
        "virginica": {"setosa": 1.0, "versicolor": 2.0},
    }
}

# --- The comparison ------------------------------------------------------------------


def test_without_production_the_challenger_stands_alone(judge, challenger, test_data):
    comparison = judge(challenger)

    assert comparison.rows == len(test_data)
    assert comparison.production is None
    assert comparison.difference is None


def test_model_compared_with_itself_does_not_differ(judge, challenger):
    comparison = judge(challenger, challenger)

    assert comparison.production_version == "7"
    assert comparison.difference.log_loss_reduction == (0, 0, 0)
    assert comparison.difference.accuracy_gain.value == 0


def test_weak_production_is_beaten(judge, challenger, weak, gate):
    assert decide(judge(challenger, weak), gate).verdict is Verdict.BETTER
    assert decide(judge(weak, challenger), gate).verdict is Verdict.UNFIT


def test_differences_are_those_of_the_two_models(judge, challenger, weak):
    comparison = judge(challenger, weak)

    ours, theirs = comparison.challenger, comparison.production
    difference = comparison.difference
    assert difference.accuracy_gain.value == pytest.approx(
        ours.accuracy - theirs.accuracy
    )
    assert difference.log_loss_reduction.value == pytest.approx(
        theirs.log_loss - ours.log_loss
    )
    assert difference.gained - difference.lost == pytest.approx(
        difference.rows * difference.accuracy_gain.value
    )


def test_baseline_predicts_the_shares_of_the_classes(judge, challenger):
    comparison = judge(challenger)

    counts = np.array(Contract.read(challenger).target.training_counts)
    shares = counts / counts.sum()
    expected = -np.log(shares).mean()  # the classes are about as frequent in the test
    reduction = comparison.baseline.log_loss_reduction.value
    assert reduction + comparison.challenger.log_loss == pytest.approx(
        expected, abs=0.02
    )


def test_rows_that_production_was_trained_on_do_not_count(
    judge, challenger, make_challenger, split_parameters, test_data, dataset
):
    other = split_parameters.model_copy(update={"salt": "another"})
    unseen = is_held_out(test_data[dataset.columns], "another", other.test_size)

    comparison = judge(challenger, make_challenger(split=other))

    assert comparison.difference.rows == unseen.sum()
    assert 0 < comparison.difference.rows < comparison.rows == len(test_data)


def test_minimum_requirements_apply_to_all_rows_even_if_few_can_be_compared(
    judge, weak, make_challenger, split_parameters, gate
):
    few = split_parameters.model_copy(update={"salt": "0", "test_size": 0.05})

    comparison = judge(weak, make_challenger(split=few))

    assert comparison.difference.rows == 2
    assert set(comparison.challenger.recalls) == {"setosa", "versicolor", "virginica"}
    assert decide(comparison, gate).verdict is Verdict.UNFIT


def test_production_that_has_seen_every_row_cannot_be_compared(
    judge, challenger, make_challenger, split_parameters
):
    all_seen = split_parameters.model_copy(update={"test_size": 1e-9})

    comparison = judge(challenger, make_challenger(split=all_seen))

    assert comparison.incompatibility == "it was trained on every held-out row"
    assert comparison.difference is None


def test_production_gets_its_own_columns_of_the_same_rows(
    judge, challenger, change_contract
):
    features = Contract.read(challenger).features
    swapped = change_contract(challenger, features=features[::-1])

    difference = judge(challenger, swapped).difference

    assert difference.gained > 0  # its columns are in the order of its contract


@pytest.fixture
def renamed(challenger, change_contract):
    """Return a model with a feature that the data does not have."""
    first, *others = Contract.read(challenger).features
    first = first.model_copy(update={"name": "colour"})
    return change_contract(challenger, features=[first, *others])


def test_column_that_the_data_no_longer_has_cannot_be_compared(
    judge, challenger, renamed
):
    comparison = judge(challenger, renamed)

    assert comparison.incompatibility == "it needs colour, which the data does not have"


def test_class_that_production_does_not_know_is_a_loss_for_it(
    judge, challenger, change_contract
):
    target = Contract.read(challenger).target
    classes = ["setosa", "versicolor", "tulip"]
    older = change_contract(
        challenger, target=target.model_copy(update={"classes": classes})
    )

    difference = judge(challenger, older).difference

    assert difference.log_loss_reduction.value > 1
    assert difference.rows > 0


def test_models_are_compared_under_the_decision_of_the_challenger(
    judge, challenger, change_contract
):
    target = Contract.read(challenger).target
    costs = {a: {b: 99.0 for b in target.classes if a != b} for a in target.classes}
    costs["virginica"] = {"setosa": 0.0, "versicolor": 0.0}
    changed = target.model_copy(update={"costs": costs})
    costly = change_contract(DecisionRule.of(changed).embed(challenger), target=changed)
    predecessors = (ReleasedModel("2", challenger),)

    comparison = judge(costly, challenger, predecessors=predecessors)

    assert comparison.challenger.recalls["virginica"] < 0.5
    for difference in (comparison.difference, comparison.predecessor):
        assert (difference.gained, difference.lost) == (0, 0)
        assert difference.cost_reduction == (0, 0, 0)
    assert comparison.production == replace(comparison.challenger, latency_ms=None)


@pytest.mark.parametrize(
    ("ours", "theirs", "changed"),
    [({}, {}, False), (COSTS, COSTS, False), (COSTS, {}, True), ({}, COSTS, True)],
    ids=["neither", "same", "new", "given up"],
)
def test_change_of_the_decision_alone_is_released(
    judge, challenger, change_contract, gate, ours, theirs, changed
):
    given = Contract.read(challenger).target
    models = []
    for changes in (ours, theirs):
        target = given.model_copy(update=changes)
        model = DecisionRule.of(target).embed(challenger)
        models.append(change_contract(model, target=target))

    comparison = judge(*models, known_data=frozenset({"sha256:data"}))
    decision = decide(comparison, gate)

    assert comparison.has_other_rule is changed
    assert decision.verdict is Verdict.NOT_WORSE
    assert decision.promotes is changed


def test_best_predecessor_is_compared_as_well(judge, challenger, weak):
    predecessors = (ReleasedModel("2", weak), ReleasedModel("3", challenger))

    comparison = judge(challenger, weak, predecessors=predecessors)

    assert comparison.predecessor.other == "version 3"
    assert comparison.predecessor.log_loss_reduction.value == 0


def test_predecessor_that_cannot_be_compared_is_left_out(judge, challenger, renamed):
    older = ReleasedModel("2", renamed)

    comparison = judge(challenger, challenger, predecessors=(older,))

    assert comparison.predecessor is None


@pytest.mark.parametrize(
    ("known", "newer"), [({"sha256:data"}, False), ({"sha256:older"}, True)]
)
def test_data_that_no_version_up_to_production_saw_is_newer(
    judge, challenger, known, newer
):
    comparison = judge(challenger, challenger, known_data=frozenset(known))

    assert comparison.has_newer_data is newer


def test_latency_is_the_one_that_was_measured(judge, challenger):
    assert judge(challenger, latency_ms=12.5).challenger.latency_ms == 12.5


def test_many_rows_are_compared_in_bounded_memory(judge, challenger, weak, test_data):
    many = pd.concat([test_data] * 2_000, ignore_index=True)

    comparison = judge(challenger, weak, rows=many)

    assert comparison.difference.rows == len(many) > 80_000
    assert comparison.difference.log_loss_reduction.low > 0


# --- Versions from the same training -------------------------------------------------


def test_version_from_the_same_training_is_found(judge, challenger):
    fingerprint = Contract.read(challenger).training_fingerprint

    found = judge(challenger, fingerprints={fingerprint: "4"})

    assert found.existing_version == "4"
    assert not found.was_promoted
    assert not found.was_judged
    assert judge(challenger, fingerprints={"another": "4"}).existing_version is None


def test_version_that_was_in_production_is_recognised(judge, challenger):
    fingerprint = Contract.read(challenger).training_fingerprint

    found = judge(
        challenger,
        challenger,
        fingerprints={fingerprint: "4"},
        promoted=frozenset({"4"}),
    )

    assert found.was_promoted


@pytest.mark.parametrize(
    ("changes", "production", "stands"),
    [({}, "7", True), ({"non_inferiority_margin": 0.5}, "7", False), ({}, "6", False)],
    ids=["same", "other margin", "other Production"],
)
def test_refusal_stands_until_the_gate_or_production_changes(
    judge, challenger, gate, changes, production, stands
):
    then = gate.model_copy(update=changes)

    found = judge(
        challenger,
        challenger,
        fingerprints={Contract.read(challenger).training_fingerprint: "4"},
        judgements={"4": digest_judgement(then, production)},
    )

    assert found.was_judged is stands


# --- The release ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "promotes", "is_final", "stands"),
    [
        (Verdict.BETTER, True, True, False),
        (Verdict.WORSE, False, True, True),
        (Verdict.UNFIT, False, False, False),
    ],
)
def test_release_has_what_the_registry_needs(
    judge, challenger, lineage, gate, verdict, promotes, is_final, stands
):
    decision = Decision(verdict, ["so"], promotes, is_final)

    comparison = judge(challenger, challenger)
    released = release(challenger, comparison, decision, lineage, gate)

    assert released.compared_with == "7"
    assert released.decision is decision
    assert released.lineage is lineage
    assert released.fingerprint == "sha256:training"
    assert released.judgement == (digest_judgement(gate, "7") if stands else "")
    assert isinstance(released.model, onnx.ModelProto)
    assert released.description == f"# {verdict}: logistic regression\n\n- so\n"


@pytest.mark.parametrize(("strategy", "share"), [("direct", None), ("canary", 0.05)])
def test_strategy_canary_gives_the_release_its_first_share(
    judge, challenger, lineage, gate, canary_parameters, strategy, share
):
    decision = Decision(Verdict.BETTER, ["so"], promotes=True)

    released = release(
        challenger,
        judge(challenger, challenger),
        decision,
        lineage,
        gate,
        strategy,
        canary_parameters,
    )

    assert released.canary_share == share
