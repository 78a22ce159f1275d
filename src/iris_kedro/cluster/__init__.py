"""Runs work on a Dask cluster, on other machines or in local processes."""
