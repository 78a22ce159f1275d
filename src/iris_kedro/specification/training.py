"""Parameters of splitting, training and exporting."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from iris_kedro.specification.base import Count, Parameters, Seed, Share

ThresholdMetric = Literal["f1", "balanced_accuracy", "accuracy"]


class Split(Parameters):
    """How rows are assigned to training and held-out data.

    What decides it is part of the dataset: ``dataset.split``.

    Attributes:
        test_size: Share of the rows that is held out.
        salt: Part of the hash that assigns a row; another salt reshuffles all rows.
        minimum_rows_per_class: Minimum number of rows of each class in training data
            and in held-out data.
    """

    test_size: Share
    salt: str
    minimum_rows_per_class: Count

    @model_validator(mode="before")
    @classmethod
    def _check_place(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.keys() & {"method", "column"}:
            raise ValueError(
                "method and column describe the dataset: set dataset.split in"
                " globals.yml"
            )
        return values


class LabelledRows(Parameters):
    """Whether labelled predictions are added to the rows of the source.

    Attributes:
        enabled: Whether labelled predictions are added.
        source: Where labelled predictions come from: ``database`` for the service's
            database, or the location of a file.
    """

    enabled: bool = False
    source: Annotated[str, Field(min_length=1)] = "database"


class Training(Parameters):
    """How candidates are searched and cross-validated, with scikit-learn's names.

    Attributes:
        scoring: Metric that decides between candidates, with scikit-learn's name.
        folds: Number of folds of the cross-validation.
        repeats: Number of repeats of the cross-validation on fewer than 5,000 rows.
        random_state: Seed of the folds and of the estimators.
        n_jobs: Number of parallel fits, on 5,000 rows or more.
        search_rows: Maximum number of rows on which parameters are searched; the best
            ones are then fitted to all rows.
        threshold: Minimum probability to predict the positive class: a number, or the
            metric to tune it by.
    """

    scoring: Literal[
        "neg_log_loss",
        "accuracy",
        "balanced_accuracy",
        "roc_auc",
        "average_precision",
        "f1",
    ]
    folds: Annotated[int, Field(ge=2)]
    repeats: Count
    random_state: Seed
    n_jobs: Count
    search_rows: Count | None = None
    threshold: Share | ThresholdMetric | None = None

    @field_validator("threshold", mode="before")
    @classmethod
    def _check_threshold(cls, value: Any) -> Any:
        metrics = get_args(ThresholdMetric)
        is_share = isinstance(value, int | float) and 0 < value < 1
        if value is None or is_share or value in metrics:
            return value
        raise ValueError(
            "it must be a probability between 0 and 1, a metric that tunes it"
            f" ({', '.join(metrics)}), or null"
        )


class Export(Parameters):
    """How closely an ONNX model must agree with its original, and which rows it holds.

    Attributes:
        tolerance: Largest accepted difference between the probabilities of the ONNX
            model and its original.
        mismatch_rate: Share of the rows whose probabilities may differ by more than
            ``tolerance``.
        random_rows: Number of random rows to compare the models on, besides the
            training rows.
        golden_rows: Number of rows that a service replays when it loads the model.
        background_rows: Number of rows that explanations compare a row with.
        random_state: Seed of all rows that the export draws.
    """

    tolerance: Share
    mismatch_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    random_rows: Count
    golden_rows: Count
    background_rows: Annotated[int, Field(ge=1, le=1000)] = 100
    random_state: Seed
