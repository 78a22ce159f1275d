"""The pipeline from a source to training and held-out data."""

from kedro.pipeline import Node, Pipeline

from .labelled import describe_origins, fetch_labelled, select_labelled
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
                fetch_labelled,
                inputs={"labelled_source": "labelled_source"},
                outputs="labelled_file",
                name="fetch_labelled",
            ),
            Node(
                archive,
                inputs={
                    "raw": "raw@file",
                    "source": "params:data_engineering.source",
                    "labelled": "labelled_file",
                    "labelled_rows": "params:data_engineering.labelled_rows",
                },
                outputs="raw_archive",
                name="archive",
            ),
            Node(
                select_labelled,
                inputs={"labelled": "labelled_file", "dataset": "params:dataset"},
                outputs=["labelled_data", "labelled_selection"],
                name="select_labelled",
            ),
            Node(
                clean,
                inputs={
                    "raw": "raw@pandas",
                    "dataset": "params:dataset",
                    "labelled": "labelled_data",
                },
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
                # The digest is saved last, when the rows that it describes are written.
                outputs=["train_data", "test_data", "class_balance", "data_digest"],
                name="split",
            ),
            Node(
                describe_origins,
                inputs={
                    "selection": "labelled_selection",
                    "train_data": "train_data",
                    "test_data": "test_data",
                    "source": "params:data_engineering.source",
                },
                outputs=["origins", "labelled_metrics"],
                name="describe_origins",
            ),
        ],
        tags="data_engineering",
    )
