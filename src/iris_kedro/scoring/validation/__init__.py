"""Checks Arrow rows against a contract, by the service's rules and in its words.

Training and serving share no code: tests compare this check with ``serving.schemas`` on
the same values.
"""

from iris_kedro.scoring.validation.issues import Issue
from iris_kedro.scoring.validation.tensors import find_out_of_range, to_tensors
from iris_kedro.scoring.validation.validator import Checked, Validator

__all__ = ["Checked", "Issue", "Validator", "find_out_of_range", "to_tensors"]
