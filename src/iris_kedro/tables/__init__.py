"""Reads, validates and splits tables as their specification describes them."""
