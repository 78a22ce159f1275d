"""Runs work on a Dask cluster: of other machines, or of processes on this one."""

from .client import connect

__all__ = ["connect"]
