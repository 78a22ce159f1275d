"""Evidence that may be checked at any time (docs/explanation/statistics.md).

Every function takes one row for each look, oldest first, and returns the logarithm
of the e-value after each look. If nothing changed, an e-process exceeds 1 / alpha at
any look, ever, with a probability of at most alpha (Ramdas, Grünwald, Vovk and
Shafer, Statistical Science 38, 2023).
"""

from iris_kedro.evidence.combining import combine, is_shown
from iris_kedro.evidence.counts import compare_counts
from iris_kedro.evidence.pairs import compare_mean, compare_pairs

__all__ = ["combine", "compare_counts", "compare_mean", "compare_pairs", "is_shown"]
