"""Types of the parameters in conf/base/parameters*.yml and of the dataset.

Kedro builds these models from the YAML before any node runs: unknown keys, wrong
types and impossible values stop the run with the name of the parameter.
"""

from .base import Name, Parameters
from .canary import Canary, Guard, Strategy
from .candidates import Candidate, Candidates, Search
from .checks import (
    check_agreement,
    check_decision,
    check_searches,
    check_strategy,
    check_watcher,
)
from .dataset import Card, Dataset, DatasetSplit
from .estimators import Distribution, Estimator
from .features import Boolean, Category, Feature, Integer, Number
from .gate import Gate
from .monitoring import Monitoring
from .sections import check_names
from .target import Target
from .training import Export, LabelledRows, Split, Training
from .watcher import Rules, Triggers, Watcher

__all__ = [
    "Boolean",
    "Canary",
    "Candidate",
    "Candidates",
    "Card",
    "Category",
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
    "check_decision",
    "check_names",
    "check_searches",
    "check_strategy",
    "check_watcher",
]
