import numpy as np
import onnx
import pandas as pd
import pytest
from pydantic import ValidationError

from iris_kedro.model.contract import METADATA_KEY, Contract
from iris_kedro.model.contract_features import TrainingStatistics
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.source import SourceContract


def test_statistics_of_known_values():
    statistics = TrainingStatistics.from_values(pd.Series(np.arange(11.0)))

    assert statistics.mean == 5
    assert statistics.standard_deviation == pytest.approx(np.sqrt(10))
    assert statistics.quantiles == pytest.approx(list(range(11)))


def test_embedding_does_not_change_the_model(challenger):
    bare = onnx.ModelProto()
    bare.CopyFrom(challenger)
    del bare.metadata_props[:]

    Contract.read(challenger).embed(bare)

    assert not bare.metadata_props


def test_embedding_again_replaces_the_contract(challenger):
    renamed = Contract.read(challenger).model_copy(update={"name": "other"})

    model = renamed.embed(challenger)

    assert [entry.key for entry in model.metadata_props].count(METADATA_KEY) == 1
    assert Contract.read(model).name == "other"


def test_model_without_contract_is_refused():
    with pytest.raises(ValueError, match="no contract"):
        Contract.read(onnx.ModelProto())


def test_contract_with_test_share_is_read(challenger):
    content = Contract.read(challenger).model_dump(mode="json")
    content["split"]["test_share"] = content["split"].pop("test_size")
    for newer in ("method", "column", "boundary"):
        del content["split"][newer]

    assert Contract.model_validate(content) == Contract.read(challenger)


@pytest.mark.parametrize(
    ("name", "default"),
    [("typical_rows", {}), ("derived", {}), ("source", SourceContract())],
)
def test_contract_of_an_older_release_is_read(challenger, name, default):
    content = Contract.read(challenger).model_dump()
    del content[name]

    assert getattr(Contract.model_validate(content), name) == default


def test_contract_without_thresholds_and_costs_is_read(challenger):
    content = Contract.read(challenger).model_dump()
    del content["target"]["threshold"], content["target"]["costs"]

    target = Contract.model_validate(content).target

    assert DecisionRule.of(target).is_most_probable


def test_contract_with_a_run_id_is_read(challenger):
    contract = Contract.read(challenger)
    run = {"run_id": "c" * 32, "created_at": "2026-11-01", "git_commit": "c0ffee"}

    assert Contract.model_validate({**contract.model_dump(), **run}) == contract


def test_contract_of_another_schema_is_refused(challenger):
    content = {**Contract.read(challenger).model_dump(), "schema_version": 3}

    with pytest.raises(ValidationError, match="schema_version"):
        Contract.model_validate(content)


def test_contract_with_a_part_of_another_shape_is_refused(challenger):
    content = Contract.read(challenger).model_dump()
    content["split"]["surplus"] = 1

    with pytest.raises(ValidationError, match="surplus"):
        Contract.model_validate(content)


def test_contract_without_expectations_stays_readable(challenger):
    content = Contract.read(challenger).model_dump()
    del content["held_out"]
    for feature in content["features"]:
        del feature["training"]["edges"], feature["training"]["counts"]

    contract = Contract.model_validate(content)

    assert contract.held_out is None
    assert contract.features[0].training.edges == []
