"""From a source to training and held-out data."""

from kedro.pipeline import Node, Pipeline

from .nodes import archive, clean, fetch, split


def create_pipeline() -> Pipeline:
    """Create the data engineering pipeline."""
    return Pipeline(
        [
            Node(
                fetch,
                inputs={
                    "source_file": "source_file",
                    "source": "params:data_engineering.source",
                },
                outputs="raw@file",
                name="fetch",
            ),
            Node(
                archive,
                inputs={
                    "raw": "raw@file",
                    "source": "params:data_engineering.source",
                },
                outputs="raw_archive",
                name="archive",
            ),
            Node(
                clean,
                inputs={"raw": "raw@pandas", "dataset": "params:dataset"},
                outputs=["clean_data", "cleaning"],
                name="clean",
            ),
            Node(
                split,
                inputs={
                    "data": "clean_data",
                    "dataset": "params:dataset",
                    "split": "params:data_engineering.split",
                },
                # The digest comes last: it speaks of the rows that are written.
                outputs=["train_data", "test_data", "class_balance", "data_digest"],
                name="split",
            ),
        ],
        tags="data_engineering",
    )
