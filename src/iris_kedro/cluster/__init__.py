"""Runs work on a Dask cluster: of other machines, or of processes on this one."""
