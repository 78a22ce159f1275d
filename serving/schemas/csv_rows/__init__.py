"""Reads CSV into the model's input matrix and writes predictions as CSV."""

from serving.schemas.csv_rows.reading import read_csv, read_source
from serving.schemas.csv_rows.writing import write_csv

__all__ = ["read_csv", "read_source", "write_csv"]
