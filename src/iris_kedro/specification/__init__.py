"""Types of the parameters in conf/base/parameters*.yml and of the dataset.

Kedro builds these models from the YAML before any node runs: unknown keys, wrong
types and invalid values stop the run with the name of the parameter.
"""

from iris_kedro.specification.base import Name, Parameters
from iris_kedro.specification.candidates import Candidate, Candidates, Search
from iris_kedro.specification.checks import (
    check_agreement,
    check_cluster,
    check_decision,
    check_searches,
    check_served_model,
    check_strategy,
    check_watcher,
)
from iris_kedro.specification.data.dataset import Card, Dataset, DatasetSplit
from iris_kedro.specification.data.features import (
    Boolean,
    Category,
    Feature,
    Integer,
    Number,
)
from iris_kedro.specification.data.target import Target
from iris_kedro.specification.estimators import Distribution, Estimator
from iris_kedro.specification.operation.batch_inference import BatchInference
from iris_kedro.specification.operation.canary import Canary, Guard, Strategy
from iris_kedro.specification.operation.cluster import Cluster
from iris_kedro.specification.operation.gate import Gate
from iris_kedro.specification.operation.monitoring import Monitoring
from iris_kedro.specification.operation.watcher import Rules, Triggers, Watcher
from iris_kedro.specification.sections import check_names
from iris_kedro.specification.training import Export, LabelledRows, Split, Training

__all__ = [
    "BatchInference",
    "Boolean",
    "Canary",
    "Candidate",
    "Candidates",
    "Card",
    "Category",
    "Cluster",
    "Dataset",
    "DatasetSplit",
    "Distribution",
    "Estimator",
    "Export",
    "Feature",
    "Gate",
    "Guard",
    "Integer",
    "LabelledRows",
    "Monitoring",
    "Name",
    "Number",
    "Parameters",
    "Rules",
    "Search",
    "Split",
    "Strategy",
    "Target",
    "Training",
    "Triggers",
    "Watcher",
    "check_agreement",
    "check_cluster",
    "check_decision",
    "check_names",
    "check_searches",
    "check_served_model",
    "check_strategy",
    "check_watcher",
]
