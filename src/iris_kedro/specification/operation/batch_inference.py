"""Parameters of batch inference."""

from typing import Annotated, Literal

from pydantic import Field

from iris_kedro.specification.base import Count, Parameters

Format = Literal["parquet", "csv", "jsonl"]


class BatchInference(Parameters):
    """Which rows are scored, how, and where the scores are written.

    Attributes:
        source: Location of the rows: a file, a folder, a pattern, ``s3://…`` or an SQL
            query.
        source_format: Format of the source's files, if their names do not show it.
        target: Folder that the scores are written to.
        version: Version of the model, or an alias.
        layout: Whether the source's columns are named as in the contract or as in the
            raw data.
        columns: Columns of the source to keep beside the scores; all if null.
        on_invalid: Whether rows that the service would refuse are rejected or stop the
            run.
        format: Format of the files with the scores.
        explain: Whether the contributions of the features are also written.
        record: Whether predictions are stored in the service's database.
        table: Database table that the finished scores are copied to, if any.
        processes: Number of processes that score rows; the number of cores if null.
    """

    source: str | None = None
    source_format: Format | None = None
    target: str | None = None
    version: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)] = (
        "Production"
    )
    layout: Literal["contract", "source"] = "contract"
    columns: list[str] | None = None
    on_invalid: Literal["reject", "fail"] = "reject"
    format: Format = "parquet"
    explain: bool = False
    record: bool = False
    table: Annotated[str, Field(min_length=1)] | None = None
    processes: Count | None = None
