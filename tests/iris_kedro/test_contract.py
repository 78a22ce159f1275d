import numpy as np
import onnx
import pandas as pd
import pytest
from pydantic import ValidationError

from iris_kedro.contract import METADATA_KEY, Contract, TrainingStatistics


def test_statistics_of_known_values():
    statistics = TrainingStatistics.from_values(pd.Series(np.arange(11.0)))

    assert statistics.mean == 5
    assert statistics.standard_deviation == pytest.approx(np.sqrt(10))
    assert statistics.quantiles == pytest.approx(list(range(11)))


def test_embedding_leaves_the_model_alone(challenger):
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


def test_contract_from_before_there_were_typical_rows_is_read(challenger):
    content = Contract.read(challenger).model_dump()
    del content["typical_rows"]

    assert Contract.model_validate(content).typical_rows == {}


@pytest.mark.parametrize("change", [{"surplus": 1}, {"schema_version": 2}])
def test_contract_of_another_shape_is_refused(challenger, change):
    content = {**Contract.read(challenger).model_dump(), **change}

    with pytest.raises(ValidationError, match=next(iter(change))):
        Contract.model_validate(content)
